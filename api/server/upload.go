package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// metadataFilename keeps the name of an uploaded file that comes without a source.
const metadataFilename = "filename"

// addFiles answers POST …/items with multipart/form-data: files are taken in as they arrive.
func (s *Server) addFiles(c echo.Context, into *catalog.Catalog) error {
	up := &upload{server: s, intake: newIntake(s, into)}
	err := s.eachPart(c, s.opts.MaxUpload, intakeBytes+s.opts.Limits.MaxBytes, "--max-upload", func(part *multipart.Part) error {
		switch part.FormName() {
		case "items":
			return up.describe(part)
		case "file":
			return up.file(c, part)
		}
		return invalid(part.FormName(), `unknown part %q; want "file" (any number), after an optional "items"`, part.FormName())
	})
	if err != nil {
		return up.interrupted(c, err)
	}
	if up.files == 0 {
		return invalid("file", `the form has no part "file"`)
	}
	up.missing(c)
	return up.intake.answer(c)
}

// eachPart reads a multipart body of at most limit bytes part by part; of these, at most held are kept.
func (s *Server) eachPart(c echo.Context, limit, held int64, flag string, do func(*multipart.Part) error) error {
	if err := s.reserve(c, held); err != nil {
		return err
	}
	defer s.keepSending(c)()
	c.Request().Body = http.MaxBytesReader(c.Response(), c.Request().Body, limit)
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return invalid("", "the multipart form cannot be read: %v", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return bodyError(err, flag)
		}
		if err := do(part); err != nil {
			return err
		}
	}
}

// upload is a stream of files on its way into a collection.
type upload struct {
	server    *Server
	intake    *intake
	entries   []api.NewItem
	described bool
	files     int
}

// describe reads the part "items", whose i-th entry belongs to the i-th file.
func (up *upload) describe(part *multipart.Part) error {
	if up.described || up.files > 0 {
		return invalid("items", `the part "items" must come once, before the files: they are taken in as they arrive`)
	}
	up.described = true
	data, err := up.server.readPart(part, up.server.opts.MaxBody, "--max-body")
	if err != nil {
		return err
	}
	var items api.AddItems
	if err := decodeJSON(data, &items, refuseUnknown); err != nil {
		return err
	}
	up.entries = items.Items
	return nil
}

// file takes the next file in. What is wrong with it alone doesn't end the request.
func (up *upload) file(c echo.Context, part *multipart.Part) error {
	data, err := up.server.readPart(part, up.server.opts.Limits.MaxBytes, "--max-bytes")
	if err != nil && !errors.Is(err, preprocess.ErrTooLarge) {
		return err
	}
	doc, entryErr := up.document(part.FileName())
	doc.Image, doc.Bytes = data, int64(len(data))
	up.files++
	up.intake.add(c.Request().Context(), doc, errors.Join(entryErr, err))
	return nil
}

// document is what the entries say of the next file.
func (up *upload) document(name string) (catalog.Document, error) {
	i := up.files
	if !up.described {
		doc := catalog.Document{Kind: space.Image, Name: orDefault(name, fmt.Sprintf("file %d", i))}
		if name != "" {
			doc.Metadata = space.Metadata{metadataFilename: name}
		}
		return doc, nil
	}
	if i >= len(up.entries) {
		return catalog.Document{Name: name}, invalid("items", "file %d has no entry in items, which has %d", i, len(up.entries))
	}
	entry := up.entries[i]
	doc, err := document(entry)
	doc.Kind, doc.Name = space.Image, orDefault(name, nameOf(entry, i))
	if entry.Image != "" {
		err = invalid("items", "items: entry %d has an image, and so has the form; send one of them", i)
	}
	return doc, err
}

// missing reports the entries that no file came for.
func (up *upload) missing(c echo.Context) {
	for i := up.files; i < len(up.entries); i++ {
		up.intake.add(c.Request().Context(), catalog.Document{ID: up.entries[i].ID, Name: nameOf(up.entries[i], i)},
			invalid("file", "no file came for entry %d of items", i))
	}
}

// interrupted keeps what arrived whole before the request broke, and says how much that was. A connection that broke has
// ended the request's context.
func (up *upload) interrupted(c echo.Context, err error) error {
	up.intake.flush(context.WithoutCancel(c.Request().Context()))
	taken := up.intake.resp.Created + up.intake.resp.Updated + up.intake.resp.Unchanged
	if taken == 0 {
		return err
	}
	e := *wireError(err)
	e.Detail.Message = fmt.Sprintf("%s; %d files before that were taken in", e.Detail.Message, taken)
	return &caused{wire: &e, cause: err}
}

// readPart reads one part whole. Over the limit it fails with preprocess.ErrTooLarge, and the rest is skipped.
func (s *Server) readPart(part *multipart.Part, limit int64, flag string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(part, limit+1))
	if err != nil {
		return nil, bodyError(err, "--max-upload")
	}
	if int64(len(data)) <= limit {
		return data, nil
	}
	rest, err := io.Copy(io.Discard, part)
	if err != nil {
		return nil, bodyError(err, "--max-upload")
	}
	return nil, fmt.Errorf("%s: %w: %d bytes; at most %d (%s)",
		orDefault(part.FileName(), part.FormName()), preprocess.ErrTooLarge, int64(len(data))+rest, limit, flag)
}

// readForm reads a small form with one JSON part and one file part into memory.
func (s *Server) readForm(c echo.Context, jsonPart string, into any, filePart string) (file []byte, name string, err error) {
	err = s.eachPart(c, s.opts.MaxBody, s.opts.MaxBody, "--max-body", func(part *multipart.Part) error {
		switch part.FormName() {
		case jsonPart:
			var raw json.RawMessage
			if raw, err = s.readPart(part, s.opts.MaxBody, "--max-body"); err != nil {
				return err
			}
			return decodeJSON(raw, into, refuseUnknown)
		case filePart:
			name = orDefault(part.FileName(), filePart)
			file, err = s.readPart(part, s.opts.Limits.MaxBytes, "--max-bytes")
			if err == nil && len(file) == 0 {
				err = fmt.Errorf("%s: %w", name, preprocess.ErrEmpty)
			}
			return about(filePart, name, err)
		}
		return invalid(part.FormName(), "unknown part %q; want %q and %q", part.FormName(), jsonPart, filePart)
	})
	return file, name, err
}
