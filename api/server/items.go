package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// Page sizes of GET …/items.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// addItems answers POST …/items, whose body is JSON or a stream of files.
func (s *Server) addItems(c echo.Context) error {
	into, _, err := s.find(c)
	if err != nil {
		return err
	}
	switch kind := mediaType(c); kind {
	case echo.MIMEApplicationJSON:
		return s.addJSON(c, into)
	case echo.MIMEMultipartForm:
		return s.addFiles(c, into)
	default:
		return mediaTypeError(kind, "application/json, or multipart/form-data for files")
	}
}

func (s *Server) addJSON(c echo.Context, into *catalog.Catalog) error {
	req, err := readJSON[api.AddItems](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	if len(req.Items) == 0 {
		return invalid("items", "items is missing or empty")
	}
	batch := newIntake(s, into)
	for i, item := range req.Items {
		doc, err := document(item)
		doc.Name = nameOf(item, i)
		batch.add(c.Request().Context(), doc, err)
	}
	return batch.answer(c)
}

// nameOf is what messages call an item of a JSON batch.
func nameOf(item api.NewItem, i int) string {
	switch {
	case item.Source != "":
		return item.Source
	case item.ID != "":
		return item.ID
	}
	return fmt.Sprintf("item %d", i)
}

func document(item api.NewItem) (catalog.Document, error) {
	doc := catalog.Document{
		ID: item.ID, Text: item.Text, Source: item.Source, Modified: item.Modified,
		Metadata: item.Metadata, Vector: item.Vector, Kind: space.Text,
	}
	if item.Image == "" {
		return doc, nil
	}
	doc.Kind = space.Image
	var err error
	doc.Image, err = imageBytes(item.Image)
	return doc, err
}

// items answers GET …/items?after=&limit=&vector=.
func (s *Server) items(c echo.Context) error {
	from, name, err := s.find(c)
	if err != nil {
		return err
	}
	limit, err := queryInt(c, "limit", defaultLimit, 1, maxLimit)
	if err != nil {
		return err
	}
	withVector, err := queryBool(c, "vector")
	if err != nil {
		return err
	}
	// One more than asked for says whether there is a next page.
	found, err := from.List(c.Request().Context(), c.QueryParam("after"), limit+1)
	if err != nil {
		return err
	}
	list := api.ItemList{Items: make([]api.Item, 0, limit)}
	if len(found) > limit {
		found = found[:limit]
		list.Next = found[limit-1].ID
	}
	for _, item := range found {
		list.Items = append(list.Items, wireItem(name, item, withVector))
	}
	return c.JSON(http.StatusOK, list)
}

// item answers GET …/items/{id}?vector=.
func (s *Server) item(c echo.Context) error {
	withVector, err := queryBool(c, "vector")
	if err != nil {
		return err
	}
	_, name, item, err := s.findItem(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, wireItem(name, item, withVector))
}

// findItem is the item that the path names, its collection, and that one's name.
func (s *Server) findItem(c echo.Context) (*catalog.Catalog, string, space.Item, error) {
	from, name, err := s.find(c)
	if err != nil {
		return nil, "", space.Item{}, err
	}
	id, err := param(c, "id")
	if err != nil {
		return nil, "", space.Item{}, err
	}
	item, err := from.Get(c.Request().Context(), id)
	return from, name, item, about("id", id, err)
}

// deleteItem answers DELETE …/items/{id}.
func (s *Server) deleteItem(c echo.Context) error {
	from, _, err := s.find(c)
	if err != nil {
		return err
	}
	id, err := param(c, "id")
	if err != nil {
		return err
	}
	deleted, err := from.Delete(c.Request().Context(), []string{id})
	if err == nil && deleted == 0 {
		err = fmt.Errorf("item %q: %w", id, space.ErrNotFound)
	}
	if err != nil {
		return about("id", id, err)
	}
	return c.NoContent(http.StatusNoContent)
}

// deleteItems answers POST …/items/delete.
func (s *Server) deleteItems(c echo.Context) error {
	from, _, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readJSON[api.DeleteItems](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	if len(req.IDs) == 0 {
		return invalid("ids", "ids is missing or empty")
	}
	deleted, err := from.Delete(c.Request().Context(), req.IDs)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, api.DeleteResponse{Deleted: deleted})
}

// known answers POST …/known.
func (s *Server) known(c echo.Context) error {
	in, _, err := s.find(c)
	if err != nil {
		return err
	}
	req, err := readJSON[api.KnownRequest](s, c, refuseUnknown)
	if err != nil {
		return err
	}
	probes := make([]catalog.Probe, len(req.Files))
	for i, file := range req.Files {
		if file.Source == "" {
			return invalid("files", "files: file %d has no source", i)
		}
		probes[i] = catalog.Probe{Source: file.Source, Bytes: file.Bytes, Modified: file.Modified}
	}
	known, err := in.Known(c.Request().Context(), probes)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, api.KnownResponse{Known: append([]bool{}, known...)})
}

// wireItem is an item as the API shows it, with the addresses of its pictures.
func wireItem(collection string, item space.Item, withVector bool) api.Item {
	out := api.Item{Item: item}
	if withVector {
		out.Vector = item.Vector.Components()
	}
	if item.Kind != space.Image {
		return out
	}
	base := "/v1/collections/" + url.PathEscape(collection) + "/items/" + url.PathEscape(item.ID)
	out.ThumbnailURL = base + "/thumbnail"
	if originalLooksUnchanged(item) {
		out.OriginalURL = base + "/original"
	}
	return out
}

func queryInt(c echo.Context, name string, fallback, least, most int) (int, error) {
	text := c.QueryParam(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid(name, "%s is %q; want a whole number from %d to %d", name, text, least, most)
	}
	return n, nil
}

func queryBool(c echo.Context, name string) (bool, error) {
	switch text := c.QueryParam(name); text {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, invalid(name, "%s is %q; want true or false", name, text)
	}
}
