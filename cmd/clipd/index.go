package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

type indexFlags struct {
	collection string
	all        bool
	prune      bool
	texts      []string
}

func (a *app) indexCommand() *cobra.Command {
	var f indexFlags
	cmd := &cobra.Command{
		Use:   "index [DIR|FILE]...",
		Short: "Take images and texts into a collection",
		Long: `Index takes image files into a collection: those below the folders, and the files named. Hidden files and files without
a picture's extension are passed by (--all tries all but hidden ones); symbolic links are followed, but no folder is
entered twice. Files that the collection knows with the same size and modification time cost nothing, so that an
index that was interrupted goes on where it was. A file that fails is listed at the end and stops nothing.

` + textsHelp + `

Ctrl-C ends cleanly after the batch in work. Exit status: 0 when all went in, 3 when some items failed, 130 when
interrupted.`,
		Example: `  clipd index ~/Pictures
  clipd index --prune ~/Pictures                    # also forget files that are gone
  clipd index --prune ~/Pictures ~/Photos           # ~/Pictures was renamed to ~/Photos
  clipd index --texts products.csv -c shop
  echo "a red dress" | clipd index --texts - -c shop`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && len(f.texts) == 0 {
				return usagef("nothing to index: name a folder, a file or --texts FILE")
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.index(cmd.Context(), c, args, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.collection, "collection", "c", photosCollection, "collection, made where it is missing")
	flags.BoolVar(&f.all, "all", false, "try all files, whatever their extension")
	flags.BoolVar(&f.prune, "prune", false, "remove items whose files below the given paths are gone")
	flags.StringArrayVar(&f.texts, "texts", nil, "file of texts: .jsonl, .csv, .txt, or - for lines on standard input (may be repeated)")
	return cmd
}

// summary is the end of an index run.
type summary struct {
	Collection string `json:"collection"`
	counts
	Pruned      int       `json:"pruned"`
	LeftOut     []leftOut `json:"left_out"`
	Interrupted bool      `json:"interrupted,omitempty"`
	Seconds     float64   `json:"seconds"`
	Rate        float64   `json:"items_per_second"` // of those that were encoded
}

// index takes everything in and prints the summary, also when something failed on the way.
func (a *app) index(ctx context.Context, c *connection, paths []string, f indexFlags) error {
	if err := ensureCollection(ctx, c, f.collection); err != nil {
		return err
	}
	result := &summary{Collection: f.collection, LeftOut: []leftOut{}}
	t := &tally{counts: counts{Failures: []itemFailure{}}}
	start := time.Now()
	err := a.indexAll(ctx, c, paths, f, t, result)
	took := time.Since(start)
	result.counts = t.counts
	result.Seconds = took.Seconds()
	result.Rate = rate(int64(result.Created+result.Updated), took)
	result.Interrupted = errors.Is(err, context.Canceled)
	if err != nil && !result.Interrupted && result.empty() {
		return err
	}
	if printErr := a.printSummary(result); printErr != nil {
		return printErr
	}
	switch {
	case result.Interrupted:
		return &failure{status: exitInterrupted, err: errors.New("interrupted; the same command goes on where this one ended")}
	case err != nil:
		return err
	case result.Failed > 0:
		return &failure{status: exitPartial, said: true, err: fmt.Errorf("%d items failed", result.Failed)}
	}
	return nil
}

// empty says whether nothing was done that is worth a summary.
func (s *summary) empty() bool {
	return s.Created+s.Updated+s.Unchanged+s.Failed+s.Pruned+len(s.LeftOut) == 0
}

func (a *app) indexAll(ctx context.Context, c *connection, paths []string, f indexFlags, t *tally, result *summary) error {
	w := walk{all: f.all}
	for _, path := range paths {
		err := w.add(ctx, path)
		if f.prune && errors.Is(err, errNoSuchPath) {
			err = pruneMissing(ctx, c, f.collection, path, err, result)
		}
		if err != nil {
			return err
		}
	}
	if len(w.out) > 0 {
		result.LeftOut = w.out
	}
	if err := a.indexFiles(ctx, c, f.collection, w.files, t); err != nil {
		return err
	}
	for _, name := range f.texts {
		if err := a.indexTexts(ctx, c, f.collection, name, t); err != nil {
			return err
		}
	}
	if !f.prune {
		return nil
	}
	pruned, err := prune(ctx, c, f.collection, paths)
	result.Pruned += pruned
	return err
}

// pruneMissing removes the items of a path that was moved or deleted. Where the collection has none from there, it is a path that
// never was: then err stays.
func pruneMissing(ctx context.Context, c *connection, collection, path string, missing error, result *summary) error {
	gone, err := prune(ctx, c, collection, []string{path})
	result.Pruned += gone
	if err == nil && gone == 0 {
		return fmt.Errorf("%w; %s has nothing from there", missing, collection)
	}
	return err
}

// indexFiles sends the files that the collection does not know.
func (a *app) indexFiles(ctx context.Context, c *connection, collection string, files []file, t *tally) error {
	if len(files) == 0 {
		return nil
	}
	bar := a.startProgress("index", "images", int64(len(files)))
	defer bar.stop()
	fresh, err := unknownFiles(ctx, c, collection, files)
	if err != nil {
		return err
	}
	t.unchanged(len(files) - len(fresh))
	bar.skip(len(files) - len(fresh))
	fresh = slices.DeleteFunc(fresh, func(f file) bool { return a.tooLarge(f, t, bar) })
	return sendAll(ctx, chunks(fresh), func(ctx context.Context, batch []file) error {
		defer bar.add(len(batch))
		return uploadFiles(ctx, c, collection, batch, t)
	})
}

// tooLarge counts a file over the limit as failed; it is not even read.
func (a *app) tooLarge(f file, t *tally, bar *progress) bool {
	if f.bytes <= int64(a.settings.maxBytes) {
		return false
	}
	size := sizeValue(f.bytes)
	t.fail(f.path, fmt.Sprintf("the file has %v; --max-bytes allows %v", &size, &a.settings.maxBytes))
	bar.add(1)
	return true
}

// unknownFiles are those that the collection does not hold in this state.
func unknownFiles(ctx context.Context, c *connection, collection string, files []file) ([]file, error) {
	var fresh []file
	for chunk := range slices.Chunk(files, knownChunk) {
		request := api.KnownRequest{Files: make([]api.FileState, len(chunk))}
		for i, f := range chunk {
			request.Files[i] = api.FileState{Source: f.path, Bytes: f.bytes, Modified: f.modified}
		}
		answer, err := c.Known(ctx, collection, request)
		if err != nil {
			return nil, err
		}
		if len(answer.Known) != len(chunk) {
			return nil, fmt.Errorf("the server answered %d verdicts for %d files", len(answer.Known), len(chunk))
		}
		for i, known := range answer.Known {
			if !known {
				fresh = append(fresh, chunk[i])
			}
		}
	}
	return fresh, nil
}

// textBatch are records of a texts file and what messages call them.
type textBatch struct {
	items []api.NewItem
	names []string
}

// batchTexts is how many texts travel together.
const batchTexts = 256

// indexTexts sends the records of a file of texts, "-" being standard input.
func (a *app) indexTexts(ctx context.Context, c *connection, collection, name string, t *tally) error {
	content, size, err := a.openTexts(name)
	if err != nil {
		return err
	}
	defer content.Close()
	bar := a.startProgress("index", bytesUnit, size)
	defer bar.stop()
	counted := &countingReader{Reader: content, count: bar.add}
	var readErr error
	batches := func(yield func(textBatch) bool) { readErr = yieldTexts(name, counted, t, yield) }
	err = sendAll(ctx, batches, func(ctx context.Context, batch textBatch) error {
		answer, err := c.AddItems(ctx, collection, api.AddItems{Items: batch.items})
		if err != nil {
			return err
		}
		return t.record(answer, batch.names)
	})
	return errors.Join(err, readErr)
}

func (a *app) openTexts(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return io.NopCloser(a.in), 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("--texts: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("--texts: %w", err), f.Close())
	}
	return f, info.Size(), nil
}

// errStopped ends the reading of texts when nobody takes them any more.
var errStopped = errors.New("stopped")

func yieldTexts(name string, content io.Reader, t *tally, yield func(textBatch) bool) error {
	var batch textBatch
	record := 0
	err := readTexts(strings.TrimPrefix(name, "-"), content, func(item api.NewItem) error {
		record++
		batch.items = append(batch.items, item)
		batch.names = append(batch.names, fmt.Sprintf("%s, record %d (%s)", name, record, shorten(item.Text, 40)))
		if len(batch.items) < batchTexts {
			return nil
		}
		full := batch
		batch = textBatch{}
		if !yield(full) {
			return errStopped
		}
		return nil
	}, func(line int, err error) { t.fail(fmt.Sprintf("%s, line %d", name, line), err.Error()) })
	switch {
	case errors.Is(err, errStopped):
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", name, err)
	case len(batch.items) > 0:
		yield(batch)
	}
	return nil
}

// countingReader tells how many bytes were read.
type countingReader struct {
	io.Reader
	count func(n int)
}

func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.count(n)
	return n, err
}

// prune removes the items whose files below the paths are gone, and says how many.
func prune(ctx context.Context, c *connection, collection string, paths []string) (int, error) {
	var roots []string
	for _, path := range paths {
		root, err := filepath.Abs(path)
		if err != nil {
			return 0, err
		}
		roots = append(roots, root)
	}
	gone, err := goneItems(ctx, c, collection, roots)
	if err != nil {
		return 0, err
	}
	return len(gone), deleteItems(ctx, c, collection, gone)
}

// deleteItems removes items, many at a time; those that are not there are no error.
func deleteItems(ctx context.Context, c *connection, collection string, ids []string) error {
	for chunk := range slices.Chunk(ids, knownChunk) {
		if _, err := c.DeleteItems(ctx, collection, chunk); err != nil {
			return err
		}
	}
	return nil
}

// goneItems are the ids of items whose source is below a root and does not exist. A file that merely cannot be
// reached is not gone.
func goneItems(ctx context.Context, c *connection, collection string, roots []string) ([]string, error) {
	var gone []string
	err := eachItem(ctx, c, collection, func(item api.Item) {
		if !below(item.Source, roots) {
			return
		}
		if _, err := os.Stat(item.Source); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, item.ID)
		}
	})
	return gone, err
}

// below says whether a path is one of the roots or inside one.
func below(path string, roots []string) bool {
	if !filepath.IsAbs(path) {
		return false
	}
	return slices.ContainsFunc(roots, func(root string) bool {
		inner, err := filepath.Rel(root, path)
		return err == nil && inner != ".." && !strings.HasPrefix(inner, ".."+string(filepath.Separator))
	})
}

// shownFailures bounds the list on a terminal; --json has all.
const shownFailures = 50

func (a *app) printSummary(s *summary) error {
	if a.json {
		return a.writeJSON(s)
	}
	a.printFailures(s.Failures)
	a.printLeftOut(s.LeftOut)
	fmt.Fprintf(a.out, "%s: %d created, %d updated, %d unchanged, %d failed", s.Collection, s.Created, s.Updated, s.Unchanged, s.Failed)
	if s.Pruned > 0 {
		fmt.Fprintf(a.out, ", %d pruned", s.Pruned)
	}
	_, err := fmt.Fprintf(a.out, " in %v (%.1f items/s)\n", time.Duration(s.Seconds*float64(time.Second)).Round(10*time.Millisecond), s.Rate)
	return err
}

// printFailures lists the first items that failed.
func (a *app) printFailures(failures []itemFailure) {
	for i, f := range failures {
		if i == shownFailures {
			fmt.Fprintf(a.out, "  … and %d more; --json lists all\n", len(failures)-i)
			break
		}
		fmt.Fprintf(a.out, "%s %s: %s\n", a.paint("failed", color.FgRed), f.Item, f.Error)
	}
}

// printLeftOut says why files were passed by: the usual reasons as a count with an example, all others one by one.
func (a *app) printLeftOut(out []leftOut) {
	counts, example := map[string]int{}, map[string]string{}
	for _, l := range out {
		switch l.Reason {
		case reasonHidden, reasonExtension, reasonSeen, reasonSpecial:
			counts[l.Reason]++
			if example[l.Reason] == "" {
				example[l.Reason] = l.Path
			}
		default:
			fmt.Fprintf(a.out, "%s %s: %s\n", a.paint("left out", color.FgYellow), l.Path, l.Reason)
		}
	}
	for _, reason := range []string{reasonHidden, reasonExtension, reasonSeen, reasonSpecial} {
		if n := counts[reason]; n > 0 {
			fmt.Fprintf(a.out, "%s %d: %s, as %s\n", a.paint("left out", color.FgYellow), n, reason, example[reason])
		}
	}
}
