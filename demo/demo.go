// Package demo is the gallery that `clipd demo` shows: a few photographs that are free to use, altered copies of them
// for the search of duplicates, and short texts for the search from image to text. It only holds and writes files;
// what is done with them is for cmd/clipd.
//
// The photographs' sources and terms are in SOURCES.md; demo/build makes them.
package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Photo is one picture of the gallery.
type Photo struct {
	Name     string // of the file, as "cat.jpg"
	Title    string // what it is: "A cat"
	Caption  string // what is to be seen on it
	Licence  string
	Source   string
	Original string // of an altered copy: the Name of what it was made from; else empty
	Edit     string // of an altered copy: what was done, as "mirrored"; else empty
	Bytes    []byte // the file; callers must not change it
}

//go:embed photos.json photos/*.jpg
var files embed.FS

// listed is a photograph as photos.json describes it.
type listed struct {
	File    string `json:"file"`
	Title   string `json:"title"`
	Caption string `json:"caption"`
	Licence string `json:"licence"`
	Source  string `json:"source"`
	SHA256  string `json:"sha256"`
}

func list() ([]listed, error) {
	raw, err := files.ReadFile("photos.json")
	if err != nil {
		return nil, err
	}
	var photos []listed
	if err := json.Unmarshal(raw, &photos); err != nil {
		return nil, fmt.Errorf("read photos.json: %w", err)
	}
	return photos, nil
}

// Photos are the originals, in the order of their names. It panics where the embedded files are not what photos.json
// says, which the tests rule out.
func Photos() []Photo {
	all, err := list()
	if err != nil {
		panic("demo: " + err.Error())
	}
	photos := make([]Photo, len(all))
	for i, p := range all {
		data, err := files.ReadFile("photos/" + p.File)
		if err != nil {
			panic("demo: " + err.Error())
		}
		photos[i] = Photo{Name: p.File, Title: p.Title, Caption: p.Caption, Licence: p.Licence, Source: p.Source, Bytes: data}
	}
	return photos
}

// All are the originals and their altered copies.
func All() ([]Photo, error) {
	altered, err := Altered()
	if err != nil {
		return nil, err
	}
	return append(Photos(), altered...), nil
}

// WriteTo writes the whole gallery into a folder, which it makes where it is missing. Files that are there and equal
// stay untouched, so that an index sees nothing new.
func WriteTo(dir string) error {
	photos, err := All()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the gallery's folder: %w", err)
	}
	for _, p := range photos {
		if err := write(filepath.Join(dir, p.Name), p.Bytes); err != nil {
			return fmt.Errorf("write the gallery's %s: %w", p.Name, err)
		}
	}
	return nil
}

// write puts the file into place at once, or leaves it alone where it is the same already.
func write(path string, data []byte) error {
	if present, err := os.ReadFile(path); err == nil && bytes.Equal(present, data) {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".demo-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Chmod(0o644); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
