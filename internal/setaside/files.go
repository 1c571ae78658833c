package setaside

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// move moves a file to a path that does not exist, across file systems too: there it is copied, read back, and only then
// removed, so that a kill at any time leaves it at one of the two places at least.
func (m *Manifest) move(n int, from, to, sum string, was attributes) error {
	if err := makeDirs(filepath.Dir(to)); err != nil {
		return err
	}
	err := m.rename(from, to)
	switch {
	case errors.Is(err, fs.ErrExist):
		return refuse("something lies at %s", to)
	case err == nil:
		return errors.Join(syncDir(filepath.Dir(to)), syncDir(filepath.Dir(from)))
	case !crossesDevices(err):
		return err
	}
	before, err := os.Lstat(from)
	if err != nil {
		return err
	}
	part := m.partOf(n, to)
	if err := copyInto(from, part, sum, was); err != nil {
		return err
	}
	if err := renameNew(part, to); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := syncDir(filepath.Dir(to)); err != nil {
		return err
	}
	if after, err := os.Lstat(from); err != nil || !unchanged(before, after) {
		return errors.Join(refuse("it changes at this moment"), removeDurably(to))
	}
	return removeDurably(from)
}

// copyInto makes a durable copy with the given attributes, and reads it back. An older one of the name is replaced.
func copyInto(from, to, sum string, was attributes) (err error) {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(to)
		}
	}()
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Sync(), target.Close()); err != nil {
		return err
	}
	if err := holds(to, sum); err != nil {
		return fmt.Errorf("the copy at %s: %w", to, err)
	}
	return was.restore(to)
}

// hardlink makes the copy's name another name of the kept file.
func hardlink(step Step, part string) error {
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Link(step.Kept, part); err != nil {
		return refuse("it cannot be linked: %v", errors.Unwrap(err))
	}
	return replaceDurably(part, step.From)
}

// reflinkInto replaces the copy by a clone of the kept file that shares its blocks.
func reflinkInto(step Step, part string, was attributes) (err error) {
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	if err := clone(step.Kept, part); err != nil {
		return refuse("this file system cannot share blocks between files: %v", err)
	}
	if err := errors.Join(was.restore(part), syncFile(part)); err != nil {
		return err
	}
	return replaceDurably(part, step.From)
}

func replaceDurably(part, path string) error {
	if err := os.Rename(part, path); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return syncDir(filepath.Dir(path))
}

func removeDurably(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// makeDirs is os.MkdirAll whose folders outlive a power cut.
func makeDirs(dir string) error {
	if exists(dir) {
		return nil
	}
	parent := filepath.Dir(dir)
	if err := makeDirs(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func unchanged(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

var errChanged = errors.New("its content has changed")

// holds reads a file and fails unless its content has the hash.
func holds(path, sum string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != sum {
		return errChanged
	}
	return nil
}

// contents remembers which kept files were read, so that the kept one of many copies is read once.
type contents struct {
	kept map[string]bool // real paths
	read map[string]fs.FileInfo
}

func newContents() *contents {
	return &contents{kept: map[string]bool{}, read: map[string]fs.FileInfo{}}
}

func (c *contents) holds(path, sum string) error {
	info, err := os.Stat(path)
	if err != nil {
		return errors.New("it is gone")
	}
	if before, known := c.read[path+sum]; known && unchanged(before, info) {
		return nil
	}
	if err := holds(path, sum); err != nil {
		return err
	}
	c.read[path+sum] = info
	return nil
}

// restore gives a file the attributes; its owner where the process may.
func (a attributes) restore(path string) error {
	if a.UID >= 0 {
		_ = os.Lchown(path, a.UID, a.GID) // only root may give files away
	}
	return errors.Join(os.Chmod(path, a.Mode), os.Chtimes(path, time.Time{}, a.Modified))
}
