package models

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// tries is how often a request is made before its error counts.
const tries = 5

// retry calls do until it succeeds, fails for good, or failed too often.
func (h *hub) retry(ctx context.Context, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || try == tries || !worthRetrying(ctx, err) {
			return err
		}
		if err := h.pause(ctx, err, try); err != nil {
			return err
		}
	}
}

// errPermanent marks what another try wouldn't change.
var errPermanent = errors.New("unusable answer")

func worthRetrying(ctx context.Context, err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.temporary()
	}
	var path *os.PathError // of this machine's disk
	return ctx.Err() == nil && !errors.Is(err, ErrNoModel) && !errors.Is(err, errPermanent) && !errors.As(err, &path)
}

// pause waits as long as the hub asked, or 1, 2, 4 ... seconds.
func (h *hub) pause(ctx context.Context, err error, try int) error {
	length := time.Second << (try - 1)
	var status *statusError
	if errors.As(err, &status) {
		length = max(length, status.after)
	}
	if h.wait != nil {
		h.wait(length)
		return ctx.Err()
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// download brings one file.
type download struct {
	hub    *hub
	commit string
	file   hubFile
	path   string // where it goes; while it is incomplete, with ".part" behind
	told   func(file string, n int64)

	announcedSHA256 string // by the hub's ETag, of a file whose hash it doesn't list
}

// run leaves the complete, checked file at path.
func (d *download) run(ctx context.Context) error {
	if stat, err := os.Stat(d.path); err == nil && stat.Size() == d.file.size() {
		d.told(d.file.Path, stat.Size())
		return nil // an earlier try brought and checked it
	}
	if err := os.MkdirAll(filepath.Dir(d.path), 0o755); err != nil {
		return err
	}
	part, err := os.OpenFile(d.path+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close() // the error that matters is that of Sync
	if err := d.fill(ctx, part); err != nil {
		return err
	}
	if err := errors.Join(part.Sync(), part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), d.path)
}

// fill brings the missing bytes and checks the whole. What was left by an earlier pull and turns out wrong is brought
// once more from the beginning.
func (d *download) fill(ctx context.Context, part *os.File) error {
	have, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have > d.file.size() {
		have = 0
	}
	resumed := have > 0
	d.told(d.file.Path, have)
	if err := d.transfer(ctx, part, have); err != nil {
		return err
	}
	err = d.check(part)
	if err == nil || !resumed {
		return err
	}
	d.told(d.file.Path, -d.file.size())
	if err := d.transfer(ctx, part, 0); err != nil {
		return err
	}
	return d.check(part)
}

// transfer writes the file's bytes from an offset on, going on where a connection broke. It gives up after some tries
// that got no further than the best before.
func (d *download) transfer(ctx context.Context, part *os.File, at int64) error {
	if err := part.Truncate(at); err != nil {
		return err
	}
	best, failed := at, 0
	for at < d.file.size() {
		n, err := d.once(ctx, part, at)
		at += n
		if err == nil {
			continue
		}
		if at > best {
			best, failed = at, 0
		}
		failed++
		if failed == tries || !worthRetrying(ctx, err) {
			return fmt.Errorf("byte %d of %d: %w", at, d.file.size(), err)
		}
		if err := d.hub.pause(ctx, err, failed); err != nil {
			return err
		}
	}
	return nil
}

// once makes one request and writes what comes. It returns how many bytes the part grew, less what had to be thrown
// away because the hub began at the beginning.
func (d *download) once(ctx context.Context, part *os.File, at int64) (int64, error) {
	ctx, alive, stop := d.hub.watch(ctx)
	defer stop()
	answer, err := d.hub.get(ctx, d.url(), at)
	if err != nil {
		return 0, silence(ctx, err)
	}
	defer answer.Body.Close()
	if err := d.announced(answer.first); err != nil {
		return 0, err
	}
	start := at
	if answer.StatusCode == http.StatusOK {
		start = 0
	} else if want := fmt.Sprintf("bytes %d-", at); !strings.HasPrefix(answer.Header.Get("Content-Range"), want) {
		return 0, fmt.Errorf("the hub was asked for %s and sends %q", want, answer.Header.Get("Content-Range"))
	}
	d.told(d.file.Path, start-at)
	room := d.file.size() - start
	out := &counted{w: io.NewOffsetWriter(part, start), told: func(n int64) { alive(); d.told(d.file.Path, n) }}
	n, err := io.Copy(out, io.LimitReader(answer.Body, room+1))
	if n > room {
		return 0, fmt.Errorf("%w: the hub sends more than the %d bytes that it listed", errPermanent, d.file.size())
	}
	if err == nil && n < room {
		err = io.ErrUnexpectedEOF
	}
	return start - at + n, silence(ctx, err)
}

// stallTime is how long a hub may send nothing before the connection counts as broken.
const stallTime = time.Minute

// errStalled: a connection that stays open and brings nothing.
var errStalled = errors.New("the hub sends nothing any more")

// watch ends the context when alive isn't called for the hub's stall time.
func (h *hub) watch(ctx context.Context) (watched context.Context, alive func(), stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(h.stall, func() { cancel(errStalled) })
	return ctx, func() { timer.Reset(h.stall) }, func() { timer.Stop(); cancel(nil) }
}

// silence is errStalled where that ended the context, else err.
func silence(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

// announced holds what the hub says of the file, before any of it comes, against what was asked for: the commit
// (X-Repo-Commit), the content's hash (X-Linked-Etag of large files, else ETag) and its size (X-Linked-Size). Of a hub
// whose listing has no hashes, a mirror, the announced one counts.
func (d *download) announced(header http.Header) error {
	if commit := header.Get("X-Repo-Commit"); commit != "" && commit != d.commit {
		return fmt.Errorf("%w: the hub sends commit %s; commit %s was asked for", errPermanent, commit, d.commit)
	}
	if size := header.Get("X-Linked-Size"); size != "" && size != fmt.Sprint(d.file.size()) {
		return fmt.Errorf("%w: the hub announces %s bytes; its listing has %d", errPermanent, size, d.file.size())
	}
	etag := header.Get("X-Linked-Etag")
	if etag == "" {
		etag = header.Get("ETag")
	}
	etag = strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)
	if len(etag) != 2*d.newHash().Size() || strings.Trim(etag, "0123456789abcdef") != "" {
		return nil // an ETag of another kind
	}
	if d.want() == "" {
		d.announcedSHA256 = etag
	}
	if want := d.want(); etag != want {
		return fmt.Errorf("%w: the hub announces content of hash %s; its listing has %s", errPermanent, etag, want)
	}
	return nil
}

func (d *download) url() string {
	parts := strings.Split(d.file.Path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return d.hub.endpoint + "/" + d.hub.repo + "/resolve/" + d.commit + "/" + strings.Join(parts, "/")
}

// counted tells of what is written through it.
type counted struct {
	w    io.Writer
	told func(n int64)
}

// Write passes on and counts.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.told(int64(n))
	return n, err
}

// want is the hash that the hub lists, else the one that it announced; empty: none.
func (d *download) want() string {
	switch {
	case d.file.LFS != nil:
		return d.file.LFS.OID
	case d.file.OID != "":
		return d.file.OID
	}
	return d.announcedSHA256
}

// newHash is the hash of want: SHA-256 of large files, git's SHA-1 of a blob of small ones.
func (d *download) newHash() hash.Hash {
	if d.file.LFS != nil || d.file.OID == "" {
		return sha256.New()
	}
	sum := sha1.New()
	fmt.Fprintf(sum, "blob %d\x00", d.file.size())
	return sum
}

// check compares the whole file with the hub's hash.
func (d *download) check(part *os.File) error {
	sum, want := d.newHash(), d.want()
	if want == "" {
		return errors.New("the hub neither lists nor announces a hash of it, so that it can't be checked")
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(sum, part); err != nil {
		return err
	}
	if have := hex.EncodeToString(sum.Sum(nil)); have != want {
		return errors.Join(fmt.Errorf("what came has hash %s; the hub lists %s; pull again", have, want), part.Truncate(0))
	}
	return nil
}
