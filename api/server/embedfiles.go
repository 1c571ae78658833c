package server

import (
	"fmt"
	"mime/multipart"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// embedFiles answers POST /v1/embeddings with image files that travel as they are: base64 is a third longer, and takes
// both sides time. The body is one image, or a form whose part "query" holds the fields of the JSON request and whose
// parts "image" are the files; vectors of the query's own inputs come first.
func (s *Server) embedFiles(c echo.Context, kind string) error {
	var req api.EmbeddingsRequest
	var images []picture
	var err error
	switch {
	case kind == echo.MIMEMultipartForm:
		req, images, err = s.readImages(c)
	case strings.HasPrefix(kind, "image/"), kind == echo.MIMEOctetStream:
		req.Model, req.EncodingFormat = c.QueryParam("model"), c.QueryParam("encoding_format")
		images, err = s.readImage(c)
	default:
		err = mediaTypeError(kind, "application/json, image/… for one image, or multipart/form-data for images")
	}
	if err != nil {
		return err
	}
	if err := s.checkEmbeddings(req); err != nil {
		return err
	}
	ctx := c.Request().Context()
	vectors := make([]space.Vector, 0, len(req.Input)+len(images))
	if len(req.Input) > 0 {
		if vectors, err = s.encode(ctx, "input", req.Input); err != nil {
			return err
		}
	}
	vectors = append(vectors, make([]space.Vector, len(images))...)
	if err := s.encodeImages(ctx, "image", images, vectors); err != nil {
		return err
	}
	return s.answerEmbeddings(c, req, vectors)
}

// readImage reads a body that is one image file.
func (s *Server) readImage(c echo.Context) ([]picture, error) {
	data, err := s.readBody(c, min(s.opts.MaxBody, s.opts.Limits.MaxBytes), "--max-body or --max-bytes")
	if err != nil {
		return nil, err
	}
	return []picture{filePicture(0, "image", data)}, nil
}

func filePicture(at int, name string, data []byte) picture {
	return picture{at, name, func() ([]byte, error) {
		if len(data) == 0 {
			return nil, preprocess.ErrEmpty
		}
		return data, nil
	}}
}

// readImages reads a form of images. Their positions count on from the query's inputs.
func (s *Server) readImages(c echo.Context) (req api.EmbeddingsRequest, images []picture, err error) {
	var held int64
	err = s.eachPart(c, s.opts.MaxBody, s.opts.MaxBody, "--max-body", func(part *multipart.Part) error {
		switch part.FormName() {
		case "query":
			if len(images) > 0 {
				return invalid("query", `the part "query" must come before the images`)
			}
			raw, err := s.readPart(part, s.opts.MaxBody, "--max-body")
			if err != nil {
				return err
			}
			held += int64(len(raw))
			return decodeJSON(raw, &req, ignoreUnknown)
		case "image":
			at := len(req.Input) + len(images)
			if at >= s.opts.MaxInputs {
				return invalid("image", "the form has more than %d inputs (--max-inputs)", s.opts.MaxInputs)
			}
			name := orDefault(part.FileName(), fmt.Sprintf("image %d", len(images)))
			data, err := s.readPart(part, s.opts.Limits.MaxBytes, "--max-bytes")
			if err != nil {
				return about("image", name, err)
			}
			held += int64(len(data))
			images = append(images, filePicture(at, name, data))
			return nil
		}
		return invalid(part.FormName(), `unknown part %q; want "image" (any number), after an optional "query"`, part.FormName())
	})
	if err == nil && len(images) == 0 {
		err = invalid("image", `the form has no part "image"`)
	}
	s.shrink(c, held)
	return req, images, err
}
