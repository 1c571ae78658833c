package server

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
)

// previewDuplicates answers POST …/duplicates/preview: how many pairs and groups each threshold would give.
func (s *Server) previewDuplicates(c echo.Context) error {
	begun := time.Now()
	in, _, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readOptionalJSON[api.DuplicatesRequest](s, c)
	if err != nil {
		return err
	}
	query, err := duplicateQuery(req)
	if err != nil {
		return err
	}
	preview, err := in.PreviewDuplicates(c.Request().Context(), query)
	if err != nil {
		return err
	}
	s.metrics.stage(stageDuplicates, begun, preview.Images)
	return c.JSON(http.StatusOK, api.PreviewResponse{
		Images: preview.Images, Distances: listed(preview.Distances), Cosines: listed(preview.Cosines), TookMS: milliseconds(time.Since(begun)),
	})
}

// checkDuplicate answers POST …/duplicates/check: is this picture a copy of something in the collection?
func (s *Server) checkDuplicate(c echo.Context) error {
	begun := time.Now()
	in, collection, err := s.find(c)
	if err != nil {
		return err
	}
	req, image, name, err := s.readCheck(c)
	if err != nil {
		return err
	}
	query, err := duplicateQuery(api.DuplicatesRequest{MaxDistance: req.MaxDistance, MinCosine: req.MinCosine})
	if err != nil {
		return err
	}
	check, timing, err := in.CheckCopy(c.Request().Context(), image, name, query)
	if err != nil {
		return about("image", name, err)
	}
	s.metrics.stageTook(stageCheckCopy, timing.Search)
	resp := api.CheckResponse{Collection: collection, Level: check.Level, Unchecked: check.Unchecked, Matches: make([]api.DuplicateMember, len(check.Matches))}
	for i, match := range check.Matches {
		resp.Matches[i] = wireMember(collection, match)
	}
	resp.Took = api.Took{
		EncodeMS: milliseconds(timing.Encode), SearchMS: milliseconds(timing.Search), TotalMS: milliseconds(time.Since(begun)),
	}
	return c.JSON(http.StatusOK, resp)
}

// readCheck reads a request with its picture.
func (s *Server) readCheck(c echo.Context) (req api.CheckRequest, image []byte, name string, err error) {
	name = "image"
	switch kind := mediaType(c); kind {
	case echo.MIMEApplicationJSON:
		req, err = readJSON[api.CheckRequest](s, c, refuseUnknown)
	case echo.MIMEMultipartForm:
		image, name, err = s.readForm(c, "query", &req, "image")
	default:
		err = mediaTypeError(kind, "application/json, or multipart/form-data with an image")
	}
	switch {
	case err != nil:
	case req.Image != "" && image != nil:
		err = invalid("image", "the form and its query both have an image; send one of them")
	case req.Image != "":
		image, err = imageBytes(req.Image)
		err = about("image", name, err)
	case image == nil:
		err = invalid("image", "image is missing; give a picture as base64 or a data: URL, or a form's part \"image\"")
	}
	return req, image, name, err
}

// listed is a list that JSON shows as one, though it be empty.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
