package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/store"
)

// Errors of Reindex.
var (
	// ErrNotEncoded: some items cannot be encoded anew; the report names them. The collection is as it was.
	ErrNotEncoded = errors.New("some items cannot be encoded by the new model")
	// ErrReindexing: the collection is being encoded anew already.
	ErrReindexing = errors.New("the collection is being encoded anew")
)

// ReindexOptions say how a collection is encoded anew. The zero value works.
type ReindexOptions struct {
	Encoder         Encoder // of the new model
	DuplicateCosine float64 // of the new model; 0: that of the library
	Traits          Traits  // of the new model
	Thumbnails      bool    // encode the thumbnail of a picture whose file is gone or another one now: less exact
	Drop            bool    // leave out what cannot be encoded
}

// ReindexReport says what a Reindex did.
type ReindexReport struct {
	From, To   space.Fingerprint
	Items      int // of the collection as it is now
	Encoded    int // in this run
	Kept       int // encoded by an earlier run that was interrupted
	Thumbnails int // encoded of thumbnails, in this run
	Dropped    int
	Failures   []Result // items that cannot be encoded: by id, with their source as name
}

// Reindex encodes all items of a collection anew, by another model, beside the collection as it is, and puts the result in
// its place at the end, at once. Searches and writes go on meanwhile, by the old model; a collection of a third model, which
// this library cannot search, is re-encoded as well. When it is interrupted, by a kill too, the next call goes on where it was. Pictures are
// read from their source files, whose SHA-256 must be the item's; texts are the stored ones. Where items cannot be
// encoded and options don't say what to do, it fails with ErrNotEncoded and leaves the collection alone.
func (l *Library) Reindex(ctx context.Context, name string, opts ReindexOptions, progress Progress) (ReindexReport, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.closing, cancel)()
	r := &reindex{library: l, name: name, opts: opts, progress: progress, failed: map[string]Result{}, fromThumbnail: map[string]bool{}}
	err := r.run(ctx)
	if err != nil {
		err = fmt.Errorf("reindex %q: %w", name, err)
	}
	return r.finish(), err
}

// reindex is one run.
type reindex struct {
	library  *Library
	name     string
	opts     ReindexOptions
	progress Progress

	home    string
	number  int          // of the new generation
	seen    uint64       // batch of the collection up to which the target is
	swapped bool         // the target is the collection
	live    *Catalog     // the collection, where this library can search it
	source  *store.Store // of the collection
	target  *Catalog

	mu            sync.Mutex // guards what follows
	report        ReindexReport
	failed        map[string]Result
	fromThumbnail map[string]bool
	done          int
}

func (r *reindex) finish() ReindexReport {
	for _, f := range r.failed {
		r.report.Failures = append(r.report.Failures, f)
	}
	slices.SortFunc(r.report.Failures, func(a, b Result) int { return strings.Compare(a.ID, b.ID) })
	r.report.Thumbnails = len(r.fromThumbnail)
	return r.report
}

func (r *reindex) run(ctx context.Context) (err error) {
	if err := r.begin(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	r.report.From, r.report.To = r.source.Identity().Fingerprint, r.opts.Encoder.Fingerprint()
	if r.report.From.Digest == r.report.To.Digest {
		r.report.Items, err = r.count(ctx, r.source)
		return err
	}
	if err := r.openTarget(ctx); err != nil {
		return err
	}
	if err := r.encodeAll(ctx); err != nil {
		return err
	}
	return r.swap(ctx)
}

// begin takes the collection, so that no other call re-encodes or opens it.
func (r *reindex) begin(ctx context.Context) error {
	l := r.library
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return err
	}
	exists, err := l.exists(r.name)
	switch {
	case err != nil:
		return err
	case !exists:
		return l.noCollection(r.name)
	case l.reindexing[r.name]:
		return ErrReindexing
	}
	r.home = l.path(r.name)
	dir, number, err := generation(r.home)
	if err != nil {
		return err
	}
	r.number = number + 1
	r.live, err = l.collection(ctx, r.name)
	if err == nil {
		r.source = r.live.store
	} else if errors.Is(err, space.ErrFingerprint) {
		r.source, err = store.OpenAny(filepath.Join(dir, storeDir), store.Options{Logger: l.opts.Logger})
	}
	if err == nil {
		l.reindexing[r.name] = true
		l.working.Add(1)
	}
	return err
}

// end gives the collection back.
func (r *reindex) end() (err error) {
	if r.live == nil {
		err = r.source.Close()
	}
	switch {
	case r.swapped:
		err = errors.Join(err, removeOlder(r.home, r.number))
	case r.target != nil:
		err = errors.Join(err, r.target.Close())
	}
	r.library.mu.Lock()
	defer r.library.mu.Unlock()
	delete(r.library.reindexing, r.name)
	r.library.working.Done()
	return err
}

// openTarget opens the generation that is to be, or begins it.
func (r *reindex) openTarget(ctx context.Context) error {
	l, dir := r.library, generationDir(r.home, r.number)
	opts := l.opts
	opts.DuplicateCosine = cmp.Or(r.opts.DuplicateCosine, opts.DuplicateCosine)
	opts.Traits = r.opts.Traits
	m := newModel(l.dir, r.opts.Encoder, opts.Logger)
	var err error
	r.target, err = openCatalog(ctx, r.name, r.home, dir, m, opts)
	if err == nil {
		return nil
	}
	if !errors.Is(err, store.ErrNoStore) {
		opts.Logger.Warn("encoding begins anew", "collection", r.name, "cause", err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	settings, err := readSettings(ctx, r.source)
	if err != nil {
		return err
	}
	if err := createStore(ctx, dir, r.opts.Encoder.Fingerprint(), settings, opts); err != nil {
		return err
	}
	r.target, err = openCatalog(ctx, r.name, r.home, dir, m, opts)
	return err
}

func (r *reindex) count(ctx context.Context, s *store.Store) (n int, err error) {
	err = s.Vectors(ctx, func(string, space.Kind, []float32) error { n++; return nil })
	return n, err
}

// reindexPage is how many items are read, encoded and written together.
const reindexPage = 128

// encodeAll encodes every item, then those that changed meanwhile, until few changes are left.
func (r *reindex) encodeAll(ctx context.Context) error {
	for {
		r.seen = r.source.Sequence()
		if err := r.pass(ctx); err != nil {
			return err
		}
		if err := r.removeGone(ctx); err != nil {
			return err
		}
		n, err := r.follow(ctx)
		for err == nil && n > reindexPage {
			n, err = r.follow(ctx)
		}
		if !errors.Is(err, store.ErrTrimmed) { // else everything is looked at once more
			return errors.Join(err, r.refuse())
		}
	}
}

// refuse ends the work where items cannot be encoded and nobody said what to do.
func (r *reindex) refuse() error {
	if len(r.failed) == 0 || r.opts.Drop {
		return nil
	}
	return fmt.Errorf("%w: %d of them; what is encoded is kept for the next run", ErrNotEncoded, len(r.failed))
}

// pass goes over all items, page by page.
func (r *reindex) pass(ctx context.Context) error {
	total, err := r.count(ctx, r.source)
	if err != nil {
		return err
	}
	r.done = 0
	r.progress.at("encode", 0, total)
	for after := ""; ; {
		page, err := r.page(ctx, after)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].Item.ID
		if err := r.encode(ctx, page); err != nil {
			return err
		}
		r.done += len(page)
		r.progress.at("encode", r.done, max(total, r.done))
	}
}

func (r *reindex) page(ctx context.Context, after string) ([]Record, error) {
	var page []Record
	err := r.source.Records(ctx, after, func(record Record) error {
		page = append(page, record)
		if len(page) == reindexPage {
			return errPageFull
		}
		return nil
	})
	if errors.Is(err, errPageFull) {
		err = nil
	}
	return page, err
}

// removeGone removes what an earlier run encoded and the collection no longer has.
func (r *reindex) removeGone(ctx context.Context) error {
	var gone []string
	err := r.target.store.Vectors(ctx, func(id string, _ space.Kind, _ []float32) error {
		if _, err := r.source.Item(ctx, id); errors.Is(err, space.ErrNotFound) {
			gone = append(gone, id)
		} else if err != nil {
			return err
		}
		return nil
	})
	if err == nil && len(gone) > 0 {
		_, err = r.target.Delete(ctx, gone)
	}
	return err
}

// follow brings the target up to the collection's last batch, and says how many items changed since it was looked at.
func (r *reindex) follow(ctx context.Context) (int, error) {
	changed, last := map[string]bool{}, r.seen
	err := r.source.Changes(ctx, r.seen, func(sequence uint64, ids []string) error {
		last = sequence
		for _, id := range ids {
			changed[id] = true
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	var page []Record
	var gone []string
	for id := range changed {
		switch record, err := r.source.Record(ctx, id); {
		case errors.Is(err, space.ErrNotFound):
			gone = append(gone, id)
		case err != nil:
			return 0, err
		default:
			page = append(page, record)
		}
	}
	if len(gone) > 0 {
		for _, id := range gone {
			delete(r.failed, id)
		}
		if _, err := r.target.Delete(ctx, gone); err != nil {
			return 0, err
		}
	}
	if err := r.encode(ctx, page); err != nil {
		return 0, err
	}
	r.seen = last
	return len(changed), nil
}

// encode encodes records and writes them, unless they are there already. What fails is noted.
func (r *reindex) encode(ctx context.Context, page []Record) error {
	var texts, pictures []*Record
	for i := range page {
		record := &page[i]
		lookForFrame(record)
		old, err := r.target.store.Item(ctx, record.Item.ID)
		switch {
		case err != nil && !errors.Is(err, space.ErrNotFound):
			return err
		case err == nil && old.Updated.Equal(record.Item.Updated) && old.SHA256 == record.Item.SHA256:
			r.note(record, nil)
			r.report.Kept++
		case record.Item.Kind == space.Image:
			pictures = append(pictures, record)
		default:
			texts = append(texts, record)
		}
	}
	r.encodePictures(ctx, pictures)
	r.encodeTexts(ctx, texts)
	if err := ctx.Err(); err != nil {
		return err
	}
	return r.write(ctx, append(pictures, texts...))
}

// write keeps those records that were encoded; one that was not is taken out, lest an older state of it stays.
func (r *reindex) write(ctx context.Context, records []*Record) error {
	var good []Record
	var bad []string
	for _, record := range records {
		if _, failed := r.failed[record.Item.ID]; failed {
			bad = append(bad, record.Item.ID)
		} else {
			good = append(good, *record)
		}
	}
	if len(bad) > 0 {
		if _, err := r.target.Delete(ctx, bad); err != nil {
			return err
		}
	}
	results, err := r.target.Import(ctx, good)
	if err != nil {
		return err
	}
	for i, result := range results {
		if result.Err != nil {
			r.note(&good[i], result.Err)
		} else {
			r.report.Encoded++
		}
	}
	return nil
}

// note remembers that a record cannot be encoded; nil: that it can.
func (r *reindex) note(record *Record, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.failed, record.Item.ID)
		return
	}
	r.failed[record.Item.ID] = Result{ID: record.Item.ID, Name: cmp.Or(record.Item.Source, record.Item.ID), Err: err}
}

func (r *reindex) encodeTexts(ctx context.Context, records []*Record) {
	var group []*Record
	for _, record := range records {
		if record.Item.Text == "" {
			r.note(record, errors.New("it has no text: its vector was brought in without one"))
			continue
		}
		group = append(group, record)
	}
	if len(group) > 0 {
		r.encodeTogether(ctx, group)
	}
}

// encodeTogether encodes texts; where that fails, each alone, so that only the bad ones fail.
func (r *reindex) encodeTogether(ctx context.Context, records []*Record) {
	texts := make([]string, len(records))
	for i, record := range records {
		texts[i] = record.Item.Text
	}
	vectors, err := patiently(ctx, func() ([]space.Vector, error) { return r.opts.Encoder.EncodeTexts(ctx, texts) })
	switch {
	case err == nil:
		for i, record := range records {
			record.Item.Vector = vectors[i]
			r.note(record, nil)
		}
	case len(records) == 1:
		r.note(records[0], err)
	default:
		for i := range records {
			r.encodeTogether(ctx, records[i:i+1])
		}
	}
}

func (r *reindex) encodePictures(ctx context.Context, records []*Record) {
	var group errgroup.Group
	group.SetLimit(2 * picturesAtOnce)
	for _, record := range records {
		group.Go(func() error {
			v, err := r.encodePicture(ctx, record)
			if err == nil {
				record.Item.Vector = v
			}
			r.note(record, err)
			return nil
		})
	}
	_ = group.Wait() // each record keeps its own error
}

// picturesAtOnce is how many pictures are decoded or wait for the tower; Options.Decoding bounds the memory.
const picturesAtOnce = 8

func (r *reindex) encodePicture(ctx context.Context, record *Record) (space.Vector, error) {
	pixels, err := r.pixels(ctx, record)
	if err != nil {
		return space.Vector{}, err
	}
	return patiently(ctx, func() (space.Vector, error) { return r.opts.Encoder.EncodePixels(ctx, pixels) })
}

// pixels are the tower's values of the picture's file, or where that is permitted of its thumbnail.
func (r *reindex) pixels(ctx context.Context, record *Record) ([]float32, error) {
	decoding := r.library.opts.Decoding
	if err := decoding.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer decoding.Release(1)
	data, err := original(record.Item, r.library.opts.Limits)
	if err != nil && r.opts.Thumbnails && len(record.Thumbnail) > 0 {
		data, err = record.Thumbnail, nil
		r.mu.Lock()
		r.fromThumbnail[record.Item.ID] = true
		r.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	picture, err := r.opts.Encoder.DecodePicture(cmp.Or(record.Item.Source, record.Item.ID), data, r.library.opts.Limits)
	if err != nil {
		return nil, err
	}
	return r.opts.Encoder.Pixels(picture)
}

// original reads the file that an item was made of, as long as it is that file.
func original(it space.Item, limits preprocess.Limits) ([]byte, error) {
	if !filepath.IsAbs(it.Source) {
		return nil, errors.New("it has no source file on this machine")
	}
	info, err := os.Stat(it.Source)
	if err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("its source file is gone")
	}
	if most := cmp.Or(limits.MaxBytes, preprocess.DefaultMaxBytes); info.Size() > most {
		return nil, fmt.Errorf("its source file has %d bytes; at most %d (--max-bytes)", info.Size(), most)
	}
	data, err := os.ReadFile(it.Source)
	if err != nil {
		return nil, fmt.Errorf("its source file cannot be read: %w", err)
	}
	if it.SHA256 != "" && hexSHA256(data) != it.SHA256 {
		return nil, errors.New("its source file is another one now")
	}
	return data, nil
}

// wordsEvery is the time between two looks at whether the words of the new generation are in.
const wordsEvery = 50 * time.Millisecond

// swap puts the target in the collection's place. Writes wait for it; searches do not.
func (r *reindex) swap(ctx context.Context) error {
	if err := r.awaitWords(ctx); err != nil {
		return err
	}
	if r.live != nil {
		r.live.commits.writing.Lock()
		defer r.live.commits.writing.Unlock()
		if r.live.isClosed() {
			return space.ErrClosed
		}
	}
	if err := r.catchUpAtLast(ctx); err != nil {
		return err
	}
	if err := r.install(ctx); err != nil {
		return err
	}
	if r.live != nil {
		if err := r.live.retire(r.target); err != nil {
			r.library.opts.Logger.Warn("closing the generation before", "collection", r.name, "cause", err)
		}
	}
	return nil
}

// install makes the target the collection, on disk and in the library.
func (r *reindex) install(ctx context.Context) error {
	l := r.library
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return err
	}
	if err := setGeneration(r.home, r.number); err != nil {
		return err
	}
	l.open[r.name], r.swapped = r.target, true
	return nil
}

// awaitWords waits until the words of the target can be searched.
func (r *reindex) awaitWords(ctx context.Context) error {
	for most := 0; ; {
		d, err := r.target.Describe(ctx)
		if err != nil || d.WordsBehind == 0 {
			return err
		}
		most = max(most, d.WordsBehind)
		r.progress.at("words", most-d.WordsBehind, most)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wordsEvery):
		}
	}
}

// catchUpAtLast brings the last changes in, while nothing is written to the collection.
func (r *reindex) catchUpAtLast(ctx context.Context) error {
	_, err := r.follow(ctx)
	if errors.Is(err, store.ErrTrimmed) {
		err = r.encodeAll(ctx)
	}
	if err = errors.Join(err, r.refuse()); err != nil {
		return err
	}
	var decisions []Decision
	err = r.source.Decisions(ctx, func(d Decision) error { decisions = append(decisions, d); return nil })
	if err != nil {
		return err
	}
	if err := r.target.ImportDecisions(ctx, decisions); err != nil {
		return err
	}
	want, err := r.count(ctx, r.source)
	if err != nil {
		return err
	}
	r.report.Dropped = len(r.failed)
	if r.report.Items, err = r.count(ctx, r.target.store); err == nil && r.report.Items != want-r.report.Dropped {
		err = fmt.Errorf("%d items are encoded; want %d", r.report.Items, want-r.report.Dropped)
	}
	return err
}
