// Package ui is clipd's web page: plain HTML, CSS and ES modules, embedded, with no build step and nothing fetched
// from elsewhere. The page speaks to the server only through the public API (package api has its types); it is not
// the server (package api/server), which mounts Handler at its root.
package ui

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed page
var embedded embed.FS

// contentPolicy lets the page run its own scripts and styles, show pictures of its own server or of the user's
// disk (blob:, data:), and nothing else. Trusted types turn any innerHTML with text into an error.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'"

// FS holds the page's files; index.html is at its root.
func FS() fs.FS {
	page, err := fs.Sub(embedded, "page")
	if err != nil {
		panic(err) // only an invalid path fails, and this one is a constant
	}
	return page
}

// Handler serves the page: index.html at "/" and the files it needs beside it. Answers carry the content security
// policy and an ETag, so that a browser asks again and is told 304 until clipd itself changes. Paths that are not
// of the page are 404; it fails never after the start.
func Handler() http.Handler {
	files, err := load(FS())
	if err != nil {
		panic(err) // the files are in the binary: reading them cannot fail in one run and succeed in the next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[name(r.URL.Path)]
		switch {
		case !ok:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is read with GET", http.StatusMethodNotAllowed)
		default:
			f.serve(w, r)
		}
	})
}

func name(urlPath string) string {
	if n := strings.TrimPrefix(path.Clean("/"+urlPath), "/"); n != "" {
		return n
	}
	return "index.html"
}

// file is one file of the page, ready to be sent.
type file struct {
	name    string
	content []byte
	kind    string // media type
	etag    string
}

func load(page fs.FS) (map[string]file, error) {
	files := make(map[string]file)
	err := fs.WalkDir(page, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(page, name)
		if err != nil {
			return err
		}
		kind, err := mediaType(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		files[name] = file{name, content, kind, `"` + hex.EncodeToString(sum[:12]) + `"`}
		return nil
	})
	return files, err
}

// mediaType knows the page's own kinds of files: the tables of the host may say otherwise, or nothing.
func mediaType(name string) (string, error) {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8", nil
	case ".css":
		return "text/css; charset=utf-8", nil
	case ".js":
		return "text/javascript; charset=utf-8", nil
	case ".svg":
		return "image/svg+xml", nil
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind, nil
	}
	return "", fmt.Errorf("page file %s: no media type for its extension", name)
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.content))
}
