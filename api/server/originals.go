package server

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/clipd/clipd/space"
)

// thumbnail answers GET …/items/{id}/thumbnail with a JPEG.
func (s *Server) thumbnail(c echo.Context) error {
	from, _, err := s.find(c)
	if err != nil {
		return err
	}
	id, err := param(c, "id")
	if err != nil {
		return err
	}
	data, err := from.Thumbnail(c.Request().Context(), id)
	if err != nil {
		return about("id", id, err)
	}
	sum := sha256.Sum256(data)
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	c.Response().Header().Set("ETag", etag)
	c.Response().Header().Set(echo.HeaderCacheControl, "private, no-cache")
	if c.Request().Header.Get("If-None-Match") == etag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, "image/jpeg", data)
}

// original answers GET …/items/{id}/original: the file that the item was made of, while it is there unchanged.
// Items name any path they like as their source, so a file is sent only where its SHA-256 is the item's: whoever asks
// then knows its content already.
func (s *Server) original(c echo.Context) error {
	_, _, item, err := s.findItem(c)
	if err != nil {
		return err
	}
	file, info, err := s.originals.open(item)
	if err != nil {
		return about("id", item.ID, fmt.Errorf("original of %q: %w: %w", item.ID, space.ErrNotFound, err))
	}
	defer file.Close()
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "image/"+item.Picture.Format)
	h.Set(echo.HeaderCacheControl, "private, no-cache")
	h.Set("ETag", `"`+item.SHA256+`"`)
	http.ServeContent(c.Response(), c.Request(), "", info.ModTime(), file)
	return nil
}

// Reasons why an item has no original; they name no path that the item doesn't.
var (
	errNoSource = fmt.Errorf("it has no source file on this machine")
	errChanged  = fmt.Errorf("its source file is gone, or is another one now")
)

// originalLooksUnchanged says by size and modification time whether an item's source file is still the one that was
// read. The content is checked when it is sent.
func originalLooksUnchanged(item space.Item) bool {
	if !hasSourceFile(item) {
		return false
	}
	info, err := os.Stat(item.Source)
	return err == nil && looksLike(info, item)
}

func hasSourceFile(item space.Item) bool {
	return item.Kind == space.Image && item.Picture != nil && item.SHA256 != "" && filepath.IsAbs(item.Source)
}

func looksLike(info os.FileInfo, item space.Item) bool {
	sameTime := item.Picture.Modified.IsZero() || info.ModTime().Truncate(time.Second).Equal(item.Picture.Modified.Truncate(time.Second))
	return info.Mode().IsRegular() && info.Size() == item.Picture.Bytes && sameTime
}

// originals opens source files and remembers which ones were verified.
type originals struct {
	mu       sync.Mutex
	verified map[string]verified
}

// verified is one state of a file whose content was read.
type verified struct {
	size     int64
	modified time.Time
	sha256   string
}

// maxVerified bounds the memory of originals; beyond it the memory starts anew.
const maxVerified = 10_000

func newOriginals() *originals { return &originals{verified: map[string]verified{}} }

// open opens the item's source file, after its content was found to be the item's.
func (o *originals) open(item space.Item) (*os.File, os.FileInfo, error) {
	if !hasSourceFile(item) {
		return nil, nil, errNoSource
	}
	// Only a regular file of the right size is opened: opening a pipe would block, a device may act.
	if info, err := os.Stat(item.Source); err != nil || !info.Mode().IsRegular() || info.Size() != item.Picture.Bytes {
		return nil, nil, errChanged
	}
	file, err := os.Open(item.Source)
	if err != nil {
		return nil, nil, errChanged
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() != item.Picture.Bytes || !o.holds(file, info, item.SHA256) {
		file.Close()
		return nil, nil, errChanged
	}
	return file, info, nil
}

// holds says whether the open file's content has the hash; a state that was verified before is not read again.
func (o *originals) holds(file *os.File, info os.FileInfo, want string) bool {
	state := verified{size: info.Size(), modified: info.ModTime(), sha256: want}
	o.mu.Lock()
	known := o.verified[file.Name()] == state
	o.mu.Unlock()
	if known {
		return true
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil || hex.EncodeToString(sum.Sum(nil)) != want {
		return false
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.verified) >= maxVerified {
		clear(o.verified)
	}
	o.verified[file.Name()] = state
	return true
}
