package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/disintegration/imaging"
	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/demo"
	"github.com/clipd/clipd/internal/dupeset"
)

// file is a line of the set's manifest.
type file struct {
	Name    string `json:"name"`
	Source  string `json:"source"`            // two files of one source are copies, and no others
	Edit    string `json:"edit,omitempty"`    // empty: the picture itself
	Alike   string `json:"alike,omitempty"`   // kind of those that look alike
	Kind    string `json:"kind,omitempty"`    // of the picture
	Train   bool   `json:"train,omitempty"`   // of the half that thresholds are chosen on
	Convert string `json:"convert,omitempty"` // what encode.py makes of a PNG: "webp" or "avif"
	Quality int    `json:"quality,omitempty"` // of the encoder
}

const manifestName = "manifest.json"

// makeSet writes the files and their manifest. Files that are there already stay.
func makeSet(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	photos, err := photographs()
	if err != nil {
		return err
	}
	jobs := make([]func() ([]file, error), 0, o.bases+o.alike)
	for i := range o.bases {
		jobs = append(jobs, func() ([]file, error) { return makeBase(o, i, photos) })
	}
	for i := range o.alike {
		jobs = append(jobs, func() ([]file, error) { return makeAlike(o, o.first+i) })
	}
	parts := make([][]file, len(jobs))
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, job := range jobs {
		group.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			parts[i], err = job()
			if n := done.Add(1); n%20 == 0 {
				fmt.Fprintf(os.Stderr, "\r%d of %d sources", n, len(jobs))
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var all []file
	for _, part := range parts {
		all = append(all, part...)
	}
	fmt.Fprintf(os.Stderr, "\r%d files of %d sources in %s\n", len(all), len(jobs), o.dir)
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	path := filepath.Join(o.dir, manifestName)
	if was, err := os.ReadFile(path); err == nil && bytes.Equal(was, text) {
		return nil // what was made of the set is newer than it
	}
	return writeWhole(path, text)
}

func readSet(o options) ([]file, error) {
	text, err := os.ReadFile(filepath.Join(o.dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("%w; run `go run ./bench/dupes make` first", err)
	}
	var all []file
	return all, json.Unmarshal(text, &all)
}

// photographs are quarters of the demo's, which share no pixel.
func photographs() ([]image.Image, error) {
	var quarters []image.Image
	for _, photo := range demo.Photos() {
		img, err := imaging.Decode(bytes.NewReader(photo.Bytes))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", photo.Name, err)
		}
		half := img.Bounds().Size().Div(2)
		for _, at := range []image.Point{{}, {X: half.X}, {Y: half.Y}, half} {
			quarters = append(quarters, imaging.Crop(img, image.Rectangle{Min: at, Max: at.Add(half)}))
		}
	}
	return quarters, nil
}

// photoShare is one photograph to so many drawn pictures, as long as there are any.
const photoShare = 8

// photographOf is the photograph in the i-th place of the set, -1 where one is drawn. Those of the training half are the
// first half of all, the others those of the half that is reported on.
func photographOf(i int, photos []image.Image) int {
	n, half := i/photoShare, len(photos)/2
	if at := i % photoShare; n < half && (at == 1 || at == 4) {
		return n + at%2*half
	}
	return -1
}

// base is the i-th picture of the set.
func base(o options, i int, photos []image.Image) *image.RGBA {
	if n := photographOf(i, photos); n >= 0 {
		img := imaging.Clone(photos[n])
		return &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect} // opaque: NRGBA and RGBA are the same
	}
	return dupeset.Base(o.first + i)
}

func kindOf(o options, i int, photos []image.Image) string {
	if photographOf(i, photos) >= 0 {
		return "photograph"
	}
	return dupeset.Kinds[(o.first+i)%len(dupeset.Kinds)]
}

// made is a file and how its pixels come about.
type made struct {
	file
	draw func() image.Image
}

// makeBase writes a picture and its edits, each by random numbers of its own, so that none depends on another.
func makeBase(o options, i int, photos []image.Image) ([]file, error) {
	source := fmt.Sprintf("s%05d", i)
	img := sync.OnceValue(func() *image.RGBA { return base(o, i, photos) })
	about := file{Source: source, Kind: kindOf(o, i, photos), Train: i%2 == 0}
	original := about
	original.Name, original.Quality = source+".jpg", 95
	all := []made{{original, func() image.Image { return img() }}}
	for k, e := range dupeset.Edits() {
		rnd := rand.New(rand.NewPCG(uint64(o.first+i), uint64(100+k)))
		f := about
		f.Edit, f.Quality = e.Name, e.Quality(rnd)
		f.Name = fmt.Sprintf("%s-%02d.%s", source, k, map[string]string{"jpeg": "jpg", "webp": "webp", "avif": "png"}[e.Format])
		if e.Format != "jpeg" { // clipd reads no AVIF: encode.py encodes it, and decodes it to PNG
			f.Convert = e.Format
		}
		all = append(all, made{f, func() image.Image { return e.Do(img(), rnd) }})
	}
	return writeAll(o.dir, all)
}

// makeAlike: the odd sets are of the training half.
func makeAlike(o options, i int) ([]file, error) {
	drawn := sync.OnceValue(func() dupeset.Alike { return dupeset.NewAlike(i) })
	kind := dupeset.AlikeKinds[i%len(dupeset.AlikeKinds)]
	var all []made
	for k := range dupeset.AlikeImages {
		name := fmt.Sprintf("a%05d-%d", i, k)
		f := file{Name: name + ".jpg", Source: name, Alike: kind, Kind: kind, Train: i%2 == 1, Quality: 92}
		all = append(all, made{f, func() image.Image { return drawn().Images[k] }})
	}
	return writeAll(o.dir, all)
}

// writeAll writes the files that are not there yet. Those that encode.py encodes wait for it as NAME.raw.png.
func writeAll(dir string, all []made) ([]file, error) {
	files := make([]file, len(all))
	for i, m := range all {
		files[i] = m.file
		path := filepath.Join(dir, m.Name)
		if exists(path) || m.Convert != "" && exists(path+rawSuffix) {
			continue
		}
		var data bytes.Buffer
		var err error
		if m.Convert != "" {
			path += rawSuffix
			err = png.Encode(&data, m.draw())
		} else {
			err = jpeg.Encode(&data, m.draw(), &jpeg.Options{Quality: m.Quality})
		}
		if err != nil {
			return nil, err
		}
		if err := writeWhole(path, data.Bytes()); err != nil {
			return nil, err
		}
	}
	return files, nil
}

const rawSuffix = ".raw.png"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// writeWhole writes a file that is there as a whole or not at all, however the program ends.
func writeWhole(path string, data []byte) error {
	if err := os.WriteFile(path+".part", data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
