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
	Quality int    `json:"quality,omitempty"` // ... with this quality
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
		jobs = append(jobs, func() ([]file, error) { return makeBase(o.dir, i, photos) })
	}
	for i := range o.alike {
		jobs = append(jobs, func() ([]file, error) { return makeAlike(o.dir, i) })
	}
	parts := make([][]file, len(jobs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, job := range jobs {
		group.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			parts[i], err = job()
			if i%100 == 99 {
				fmt.Fprintf(os.Stderr, "\r%d of %d sources", i+1, len(jobs))
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
	return os.WriteFile(filepath.Join(o.dir, manifestName), text, 0o644)
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

// base is the i-th picture.
func base(i int, photos []image.Image) (*image.RGBA, string) {
	if i%photoShare == 1 || i%photoShare == 4 {
		if n := i/photoShare*2 + i%photoShare/4; n < len(photos) {
			img := image.NewRGBA(image.Rectangle{Max: photos[n].Bounds().Size()})
			copy(img.Pix, imaging.Clone(photos[n]).Pix)
			return img, "photograph"
		}
	}
	return dupeset.Base(i), dupeset.Kinds[i%len(dupeset.Kinds)]
}

func makeBase(dir string, i int, photos []image.Image) ([]file, error) {
	source := fmt.Sprintf("s%05d", i)
	img, kind := base(i, photos)
	files := []file{{Name: source + ".jpg", Source: source, Kind: kind, Train: i%2 == 0}}
	if err := writeJPEG(filepath.Join(dir, files[0].Name), img, 95); err != nil {
		return nil, err
	}
	for k, e := range dupeset.Edits() {
		rnd := rand.New(rand.NewPCG(uint64(i), uint64(100+k)))
		f := file{Source: source, Edit: e.Name, Kind: kind, Train: i%2 == 0}
		edited := e.Do(img, rnd)
		quality := e.Quality(rnd)
		var err error
		switch e.Format {
		case "jpeg":
			f.Name = fmt.Sprintf("%s-%02d.jpg", source, k)
			err = writeJPEG(filepath.Join(dir, f.Name), edited, quality)
		default: // clipd reads no AVIF: encode.py encodes it, and decodes it to PNG
			f.Name = fmt.Sprintf("%s-%02d.%s", source, k, map[string]string{"webp": "webp", "avif": "png"}[e.Format])
			f.Convert, f.Quality = e.Format, quality
			err = write(filepath.Join(dir, f.Name+".raw.png"), filepath.Join(dir, f.Name), func(out *os.File) error { return png.Encode(out, edited) })
		}
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// makeAlike: the odd sets are of the training half.
func makeAlike(dir string, i int) ([]file, error) {
	alike := dupeset.NewAlike(i)
	var files []file
	for k, img := range alike.Images {
		name := fmt.Sprintf("a%05d-%d", i, k)
		files = append(files, file{Name: name + ".jpg", Source: name, Alike: alike.Kind, Kind: alike.Kind, Train: i%2 == 1})
		if err := writeJPEG(filepath.Join(dir, name+".jpg"), img, 92); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func writeJPEG(path string, img image.Image, quality int) error {
	return write(path, path, func(out *os.File) error {
		return jpeg.Encode(out, img, &jpeg.Options{Quality: quality})
	})
}

// write writes a file unless the one that will be made of it is there.
func write(path, made string, encode func(*os.File) error) error {
	if _, err := os.Stat(made); err == nil {
		return nil
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := encode(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
