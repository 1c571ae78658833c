package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pictureExtensions are the names of files that may be pictures; what they really are is decided by their content.
var pictureExtensions = []string{
	".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif",
}

// file is a file found by a walk.
type file struct {
	path     string // absolute
	bytes    int64
	modified time.Time
}

// leftOut is a file or folder that a walk passed by.
type leftOut struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// Reasons of leftOut that are counted, not errors.
const (
	reasonHidden    = "hidden"
	reasonExtension = "no picture's extension"
	reasonSeen      = "reached before by another path"
	reasonSpecial   = "not a regular file"
)

// walk finds the pictures below some paths.
//
// Hidden files and folders are passed by, unless they were named themselves; so are files without a picture's
// extension, unless all is set. Symbolic links are followed, but no folder is entered twice.
type walk struct {
	all     bool
	files   []file
	out     []leftOut
	entered map[string]bool // real paths of folders
	taken   map[string]bool // paths of files
}

var errNoSuchPath = errors.New("no such file or directory")

// add walks one path, in lexical order. A path that does not exist is an error; what cannot be read below it is left
// out.
func (w *walk) add(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", path, errNoSuchPath)
	}
	if err != nil {
		return err
	}
	if w.entered == nil {
		w.entered, w.taken = map[string]bool{}, map[string]bool{}
	}
	if info.IsDir() {
		return w.enter(ctx, path)
	}
	w.take(path, info, true)
	return nil
}

func (w *walk) enter(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		w.leave(dir, reason(err))
		return nil
	}
	if w.entered[real] {
		w.leave(dir, reasonSeen)
		return nil
	}
	w.entered[real] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		w.leave(dir, reason(err))
	}
	for _, entry := range entries {
		if err := w.entry(ctx, filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(ctx context.Context, path string) error {
	if strings.HasPrefix(filepath.Base(path), ".") {
		w.leave(path, reasonHidden)
		return nil
	}
	info, err := os.Stat(path) // follows a link
	switch {
	case err != nil:
		w.leave(path, reason(err))
	case info.IsDir():
		return w.enter(ctx, path)
	default:
		w.take(path, info, w.all)
	}
	return nil
}

func (w *walk) take(path string, info fs.FileInfo, anyName bool) {
	switch {
	case !info.Mode().IsRegular():
		w.leave(path, reasonSpecial)
	case !anyName && !slices.Contains(pictureExtensions, strings.ToLower(filepath.Ext(path))):
		w.leave(path, reasonExtension)
	case !w.taken[path]:
		w.taken[path] = true
		w.files = append(w.files, file{path: path, bytes: info.Size(), modified: info.ModTime()})
	}
}

func (w *walk) leave(path, why string) { w.out = append(w.out, leftOut{path, why}) }

// reason is an error without the path that it repeats.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
