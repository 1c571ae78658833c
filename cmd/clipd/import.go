package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/exchange"
)

type importFlags struct {
	collection string
	trustModel bool
	noWait     bool
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import PATH",
		Short: "Take in a collection, or precomputed vectors, from files",
		Long: `Import takes files in, and finds out by itself what they are:
  a folder of 'clipd export'      items, vectors, thumbnails and decisions, as they were
  clip-retrieval's output         img_emb/ and text_emb/ (.npy of floats), metadata/ (.parquet)
  img2dataset's output            .tar shards, .parquet with images, or numbered folders of files: images are encoded

Vectors must be of the collection's model: an export that names another one is refused. Files that do not say which
model made them need --trust-model: then you answer for it. A row that is wrong fails alone and is listed; the same import
again changes nothing and goes on where it was interrupted.

New items are found by their vectors at once; their words are made searchable afterwards, and the command waits for that
(--no-wait does not: a server goes on with it, and so does the next command).`,
		Example: `  clipd import photos-2026 -c photos
  clipd import laion-subset -c laion --trust-model --model ~/models/ViT-B-32
  clipd import 00000.tar -c pictures`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := exchange.Open(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.importSource(cmd.Context(), c, source, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.collection, "collection", "c", photosCollection, "collection, made where it is missing")
	flags.BoolVar(&f.trustModel, "trust-model", false, "take vectors of files that do not say which model made them")
	flags.BoolVar(&f.noWait, "no-wait", false, "do not wait until words can be searched, too")
	return cmd
}

// importSummary is the end of an import.
type importSummary struct {
	Collection string `json:"collection"`
	Layout     string `json:"layout"`
	counts
	Decisions    int     `json:"decisions"`
	Interrupted  bool    `json:"interrupted,omitempty"`
	Seconds      float64 `json:"seconds"`
	Rate         float64 `json:"items_per_second"`
	WordsSeconds float64 `json:"words_seconds"` // how long the words took after that
}

func (a *app) importSource(ctx context.Context, c *connection, source *exchange.Source, f importFlags) error {
	if err := a.checkModel(ctx, c, source, f); err != nil {
		return err
	}
	if err := ensureCollection(ctx, c, f.collection); err != nil {
		return err
	}
	in := &importRun{app: a, c: c, source: source, flags: f, tally: &tally{counts: counts{Failures: []itemFailure{}}}}
	begun := time.Now()
	in.bar = a.startProgress("import", "items", int64(source.Rows))
	err := in.send(ctx)
	in.bar.stop()
	out := importSummary{Collection: f.collection, Layout: source.Layout, counts: in.tally.counts, Decisions: in.decisions, Seconds: time.Since(begun).Seconds()}
	out.Rate = rate(int64(out.Created+out.Updated+out.Unchanged), time.Since(begun))
	out.Interrupted = errors.Is(err, context.Canceled)
	if err == nil && !f.noWait {
		waited := time.Now()
		err = a.awaitWords(ctx, c, f.collection)
		out.WordsSeconds = time.Since(waited).Seconds()
	}
	if printErr := a.printImported(&out); printErr != nil {
		return printErr
	}
	switch {
	case out.Interrupted:
		return &failure{status: exitInterrupted, err: errors.New("interrupted; the same command goes on where this one ended")}
	case err != nil:
		return err
	case out.Failed > 0:
		return &failure{status: exitPartial, said: true, err: fmt.Errorf("%d items failed", out.Failed)}
	}
	return nil
}

// checkModel refuses vectors of another model before a collection is made for them.
func (a *app) checkModel(ctx context.Context, c *connection, source *exchange.Source, f importFlags) error {
	if !source.Vectors {
		return nil
	}
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	own := status.Model.Fingerprint
	if existing, err := c.Collection(ctx, f.collection); err == nil {
		own = existing.Fingerprint
	}
	switch {
	case source.Fingerprint != nil && source.Fingerprint.Digest != own.Digest:
		return fmt.Errorf("the vectors are of %s, collection %s is of %s; start clipd with the model that made them, or encode the originals anew",
			source.Fingerprint, f.collection, own)
	case source.Fingerprint == nil && !f.trustModel:
		return usagef("%s files do not say which model made their vectors; collection %s is of %s. If they are of that model, say --trust-model",
			source.Layout, f.collection, own)
	}
	return nil
}

// importRun sends the rows of a source.
type importRun struct {
	app       *app
	c         *connection
	source    *exchange.Source
	flags     importFlags
	tally     *tally
	bar       *progress
	decisions int // under tally.mu
}

// importBatch are rows that travel together: lines with vectors, or images to be encoded.
type importBatch struct {
	lines   []api.TransferLine
	uploads []api.Upload
	where   []string
	bytes   int
}

// Bounds of a batch of lines. A server writes it by one fsync.
const (
	batchLines     = 2000
	batchLineBytes = 16 << 20
)

// send reads the source and sends it in batches, uploadsInFlight at a time.
func (in *importRun) send(ctx context.Context) error {
	var readErr error
	batches := func(yield func(*importBatch) bool) { readErr = in.batches(ctx, yield) }
	err := sendAll(ctx, batches, in.sendBatch)
	if errors.Is(readErr, errStopped) {
		readErr = nil // sendAll says why
	}
	return errors.Join(err, readErr)
}

func (in *importRun) batches(ctx context.Context, yield func(*importBatch) bool) error {
	now := &importBatch{}
	flush := func() error {
		full := now
		now = &importBatch{}
		if len(full.where) > 0 && !yield(full) {
			return errStopped
		}
		return nil
	}
	err := in.source.Each(ctx, exchange.Sink{
		Row: func(row exchange.Row) error {
			isImage := row.Image != nil
			if len(now.where) > 0 && isImage != (len(now.uploads) > 0) {
				if err := flush(); err != nil {
					return err
				}
			}
			if now.add(row); now.full() {
				return flush()
			}
			return nil
		},
		Bad: func(where string, err error) { in.tally.fail(where, plain(err)); in.bar.add(1) },
	})
	if err != nil {
		return err
	}
	return flush()
}

func (b *importBatch) add(row exchange.Row) {
	b.where = append(b.where, row.Where)
	switch {
	case row.Image != nil:
		b.bytes += len(row.Image)
		b.uploads = append(b.uploads, api.Upload{
			Name: row.Where,
			Item: api.NewItem{ID: row.Item.ID, Text: row.Item.Text, Source: row.Item.Source, Metadata: row.Item.Metadata},
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(row.Image)), nil },
		})
	case row.Decision != nil:
		b.lines = append(b.lines, api.TransferLine{Decision: row.Decision})
	default:
		b.bytes += 4*len(row.Item.Vector) + len(row.Item.Thumbnail) + len(row.Item.Text)
		b.lines = append(b.lines, api.TransferLine{Item: row.Item})
	}
}

func (b *importBatch) full() bool {
	if len(b.uploads) > 0 {
		return len(b.uploads) >= batchFiles || b.bytes >= batchBytes
	}
	return len(b.lines) >= batchLines || b.bytes >= batchLineBytes
}

func (in *importRun) sendBatch(ctx context.Context, b *importBatch) error {
	defer in.bar.add(len(b.where))
	if len(b.uploads) > 0 {
		answer, err := in.c.Upload(ctx, in.flags.collection, b.uploads)
		if err != nil {
			return err
		}
		return in.tally.record(answer, b.where)
	}
	header := api.TransferHeader{Version: api.TransferVersion, Fingerprint: in.source.Fingerprint}
	answer, err := in.c.Import(ctx, in.flags.collection, header, b.lines, in.flags.trustModel)
	if err != nil {
		return err
	}
	in.record(answer, b.where)
	return nil
}

// record counts what became of a batch of lines. Line 1 of the request was the header.
func (in *importRun) record(answer api.ImportResponse, where []string) {
	for _, failure := range answer.Failures {
		name := "a line"
		if at := failure.Line - 2; at >= 0 && at < len(where) {
			name = where[at]
		}
		if failure.ID != "" {
			name += " (" + failure.ID + ")"
		}
		in.tally.fail(name, failure.Error.Message)
	}
	in.tally.mu.Lock()
	defer in.tally.mu.Unlock()
	in.tally.Created += answer.Created
	in.tally.Updated += answer.Updated
	in.tally.Unchanged += answer.Unchanged
	in.decisions += answer.Decisions
}

// wordsEvery is the time between two looks at how many words are behind.
const wordsEvery = 200 * time.Millisecond

// awaitWords waits until the words of all items can be searched.
func (a *app) awaitWords(ctx context.Context, c *connection, collection string) error {
	var bar *progress
	most := 0
	for {
		d, err := c.Collection(ctx, collection)
		if err != nil {
			return err
		}
		if d.WordsBehind == 0 {
			if bar != nil {
				bar.stop()
			}
			return nil
		}
		if bar == nil {
			most = d.WordsBehind
			bar = a.startProgress("words", "items", int64(most))
		}
		bar.add(max(0, most-d.WordsBehind) - int(bar.done))
		select {
		case <-ctx.Done():
			bar.stop()
			return ctx.Err()
		case <-time.After(wordsEvery):
		}
	}
}

func (a *app) printImported(s *importSummary) error {
	if a.json {
		return a.writeJSON(s)
	}
	a.printFailures(s.Failures)
	fmt.Fprintf(a.out, "%s: %d created, %d updated, %d unchanged, %d failed", s.Collection, s.Created, s.Updated, s.Unchanged, s.Failed)
	if s.Decisions > 0 {
		fmt.Fprintf(a.out, ", %d decisions", s.Decisions)
	}
	fmt.Fprintf(a.out, " from %s files in %v (%.0f items/s)", s.Layout, seconds(s.Seconds), s.Rate)
	if s.WordsSeconds >= 1 {
		fmt.Fprintf(a.out, "; words after %v more", seconds(s.WordsSeconds))
	}
	_, err := fmt.Fprintln(a.out)
	return err
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(10 * time.Millisecond)
}
