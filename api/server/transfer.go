package server

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// export answers GET …/export with all that the collection keeps, one JSON value a line.
func (s *Server) export(c echo.Context) error {
	from, name, err := s.find(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	description, err := from.Describe(ctx)
	if err != nil {
		return err
	}
	response := c.Response()
	response.Header().Set(echo.HeaderContentType, mimeNDJSON)
	response.WriteHeader(http.StatusOK)
	out := bufio.NewWriterSize(response, 256<<10)
	if err := exportAll(ctx, from, name, description, out); err != nil {
		e := wireError(err)
		s.opts.Log.Error("export failed", "id", requestID(c), "collection", name, "error", err)
		_ = writeLine(out, api.TransferLine{Error: &e.Detail})
	}
	return out.Flush()
}

func writeLine(out io.Writer, line api.TransferLine) error {
	data, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = out.Write(append(data, '\n'))
	return err
}

func exportAll(ctx context.Context, from *catalog.Catalog, name string, d space.Description, out io.Writer) error {
	header := api.TransferHeader{Version: api.TransferVersion, Collection: name, Fingerprint: &d.Fingerprint, Items: d.Items}
	if err := writeLine(out, api.TransferLine{Header: &header}); err != nil {
		return err
	}
	var end api.TransferEnd
	err := from.Export(ctx, func(r catalog.Record) error {
		end.Items++
		return writeLine(out, api.TransferLine{Item: wireRecord(r)})
	})
	if err != nil {
		return err
	}
	err = from.ExportDecisions(ctx, func(d catalog.Decision) error {
		end.Decisions++
		return writeLine(out, api.TransferLine{Decision: &api.Decision{Key: d.Key, Verdict: d.Verdict, Made: d.Made}})
	})
	if err != nil {
		return err
	}
	return writeLine(out, api.TransferLine{End: &end})
}

func wireRecord(r catalog.Record) *api.TransferItem {
	out := &api.TransferItem{Item: r.Item, Vector: r.Item.Vector.Components(), Thumbnail: r.Thumbnail}
	if r.File.ID != "" {
		out.File = &api.FileTimes{Bytes: r.File.Bytes, Modified: r.File.Modified}
	}
	return out
}

// Bounds of an import's batches: one fsync each.
const (
	importRecords = 2000
	importBytes   = 32 << 20
	maxImportLine = 64 << 20
	maxThumbnail  = 1 << 20
	importHeld    = importBytes + maxImportLine // what an import holds at once, at most
)

// importItems answers POST …/import: records that have their vectors already.
func (s *Server) importItems(c echo.Context) error {
	into, _, err := s.find(c)
	if err != nil {
		return err
	}
	if kind := mediaType(c); kind != mimeNDJSON {
		return mediaTypeError(kind, mimeNDJSON)
	}
	trust, err := queryBool(c, "trust")
	if err != nil {
		return err
	}
	if err := s.reserve(c, importHeld); err != nil {
		return err
	}
	defer s.keepSending(c)()
	body := http.MaxBytesReader(c.Response(), c.Request().Body, s.opts.MaxUpload)
	in := &importer{server: s, into: into, trust: trust}
	if err := in.read(c.Request().Context(), body); err != nil {
		return err
	}
	slices.SortFunc(in.resp.Failures, func(a, b api.ImportFailure) int { return cmp.Compare(a.Line, b.Line) })
	return c.JSON(http.StatusOK, in.resp)
}

// importer collects the lines of an import and gives them to the catalog in batches.
type importer struct {
	server    *Server
	into      *catalog.Catalog
	trust     bool
	begun     bool // the header was read
	records   []catalog.Record
	lines     []int // of the records
	decisions []catalog.Decision
	bytes     int
	resp      api.ImportResponse
}

func (in *importer) read(ctx context.Context, body io.Reader) error {
	scanner := bufio.NewScanner(body)
	scanner.Buffer(make([]byte, 64<<10), maxImportLine)
	for n := 1; scanner.Scan(); n++ {
		if err := in.line(ctx, n, scanner.Bytes()); err != nil {
			return in.interrupted(ctx, err)
		}
	}
	if err := scanner.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = invalid("", "a line is longer than %d bytes", maxImportLine)
		} else {
			err = bodyError(err, "--max-upload")
		}
		return in.interrupted(ctx, err)
	}
	if !in.begun {
		return invalid("header", `the body is empty; its first line is {"header": {"version": %d, "fingerprint": {…}}}`, api.TransferVersion)
	}
	return in.flush(ctx)
}

// interrupted keeps what arrived whole, and says how much that was. A connection that broke has ended the context.
func (in *importer) interrupted(ctx context.Context, err error) error {
	if flushErr := in.flush(context.WithoutCancel(ctx)); flushErr != nil {
		return errors.Join(err, flushErr)
	}
	taken := in.resp.Created + in.resp.Updated + in.resp.Unchanged
	if taken == 0 {
		return err
	}
	e := *wireError(err)
	e.Detail.Message = fmt.Sprintf("%s; %d items before that were taken in", e.Detail.Message, taken)
	return &caused{wire: &e, cause: err}
}

func (in *importer) line(ctx context.Context, n int, data []byte) error {
	if data = bytes.TrimSpace(data); len(data) == 0 {
		return nil
	}
	var line api.TransferLine
	if err := json.Unmarshal(data, &line); err != nil {
		if !in.begun {
			return invalid("header", "line %d: wrong JSON: %s", n, plain(err))
		}
		in.fail(n, "", invalid("", "wrong JSON: %s", plain(err)))
		return nil
	}
	switch {
	case line.Header != nil:
		return in.header(*line.Header)
	case !in.begun:
		return invalid("header", "line %d: the first line must be the header, which names the model that made the vectors", n)
	case line.Item != nil:
		return in.item(ctx, n, line.Item, len(data))
	case line.Decision != nil:
		return in.decision(ctx, n, *line.Decision)
	case line.End != nil:
		return nil
	}
	in.fail(n, "", invalid("", "the line has none of header, item, decision and end"))
	return nil
}

func (in *importer) header(h api.TransferHeader) error {
	if h.Version != api.TransferVersion {
		return invalid("header", "header: version is %d; this clipd reads %d", h.Version, api.TransferVersion)
	}
	in.begun = true
	if h.Fingerprint != nil && h.Fingerprint.Digest != "" {
		return in.foreign(*h.Fingerprint)
	}
	if !in.trust {
		return invalid("trust", "the import does not say which model made its vectors; the collection's are of %s. "+
			"If they are of that model, say trust=true (clipd import --trust-model)", in.into.Fingerprint())
	}
	return nil
}

// foreign is nil where the vectors are of the collection's model.
func (in *importer) foreign(made space.Fingerprint) error {
	own := in.into.Fingerprint()
	if own.Match(made) == nil {
		return nil
	}
	return fmt.Errorf("%w: collection %s, vectors to import %s; import them into a collection of that model, or encode the originals anew",
		space.ErrFingerprint, own, made)
}

func (in *importer) item(ctx context.Context, n int, item *api.TransferItem, bytes int) error {
	record, err := importRecord(item)
	if err != nil {
		in.fail(n, item.ID, err)
		return nil
	}
	in.records, in.lines = append(in.records, record), append(in.lines, n)
	if in.bytes += bytes; len(in.records) >= importRecords || in.bytes >= importBytes {
		return in.flush(ctx)
	}
	return nil
}

// jpegMagic begins every JPEG file.
var jpegMagic = []byte{0xff, 0xd8, 0xff}

func importRecord(item *api.TransferItem) (catalog.Record, error) {
	r := catalog.Record{Item: item.Item, Thumbnail: item.Thumbnail, KeepTimes: true}
	switch {
	case len(item.Vector) == 0:
		return r, invalid("vector", "it has no vector; items without one are added by POST …/items")
	case len(item.Thumbnail) > maxThumbnail:
		return r, invalid("thumbnail", "its thumbnail has %d bytes; at most %d", len(item.Thumbnail), maxThumbnail)
	case len(item.Thumbnail) > 0 && !bytes.HasPrefix(item.Thumbnail, jpegMagic):
		return r, invalid("thumbnail", "its thumbnail is no JPEG")
	}
	var err error
	if r.Item.Vector, err = unitVector(item.Vector); err != nil {
		return r, fmt.Errorf("vector: %w", err)
	}
	if item.File != nil {
		r.File.Bytes, r.File.Modified = item.File.Bytes, item.File.Modified
	} else if p := item.Picture; p != nil {
		r.File.Bytes, r.File.Modified = p.Bytes, p.Modified
	}
	return r, nil
}

// unitVector keeps a vector that is of unit length bit for bit, and normalises another.
func unitVector(components []float32) (space.Vector, error) {
	v, err := space.FromUnit(components)
	if errors.Is(err, space.ErrNotUnit) {
		return space.Normalize(components)
	}
	return v, err
}

func (in *importer) decision(ctx context.Context, n int, d api.Decision) error {
	if d.Key == "" || d.Verdict == "" {
		in.fail(n, "", invalid("decision", "a decision needs a key and a verdict"))
		return nil
	}
	in.decisions = append(in.decisions, catalog.Decision{Key: d.Key, Verdict: d.Verdict, Made: d.Made})
	if len(in.decisions) >= importRecords {
		return in.flush(ctx)
	}
	return nil
}

func (in *importer) flush(ctx context.Context) error {
	if len(in.records) > 0 {
		begun := time.Now()
		results, err := in.into.Import(ctx, in.records)
		if err != nil {
			return err
		}
		in.server.metrics.stage(stageIngest, begun, len(in.records))
		for i, result := range results {
			in.settle(in.lines[i], result)
		}
	}
	if len(in.decisions) > 0 {
		if err := in.into.ImportDecisions(ctx, in.decisions); err != nil {
			return err
		}
		in.resp.Decisions += len(in.decisions)
	}
	in.records, in.lines, in.decisions, in.bytes = nil, nil, nil, 0
	return nil
}

func (in *importer) settle(line int, result catalog.Result) {
	switch {
	case result.Err != nil:
		in.fail(line, result.ID, result.Err)
	case result.Change == space.Created:
		in.resp.Created++
	case result.Change == space.Updated:
		in.resp.Updated++
	default:
		in.resp.Unchanged++
	}
}

func (in *importer) fail(line int, id string, err error) {
	in.resp.Failed++
	if len(in.resp.Failures) < api.MaxImportFailures {
		in.resp.Failures = append(in.resp.Failures, api.ImportFailure{Line: line, ID: id, Error: *detail(id, err)})
	}
}
