package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/models"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// found is what clipd says of the set: clipd.json.
type found struct {
	Model   string     `json:"model"`
	Images  int        `json:"images"`
	Seconds float64    `json:"seconds"` // candidates, comparison and groups, after encoding
	Groups  []foundSet `json:"groups"`
}

type foundSet struct {
	Level space.Level `json:"level"`
	Files []string    `json:"files"`
}

const foundName = "clipd.json"

// runFile files the set in a collection by the starter model.
func runFile(ctx context.Context, o options) error {
	return withFiled(ctx, o, func(*catalog.Catalog, *models.Model, int) error { return nil })
}

// runClipd files the set, and groups it.
func runClipd(ctx context.Context, o options) error {
	return withFiled(ctx, o, func(c *catalog.Catalog, model *models.Model, images int) error {
		return groupAll(ctx, c, o, found{Model: model.Fingerprint().String(), Images: images})
	})
}

// withFiled files what an earlier run did not, and hands on the collection.
func withFiled(ctx context.Context, o options, do func(c *catalog.Catalog, model *models.Model, images int) error) (err error) {
	files, err := readSet(o)
	if err != nil {
		return err
	}
	runtime, err := ort.Open(ort.Options{Library: o.library})
	if err != nil {
		return err
	}
	model, err := models.Open(ctx, models.Starter(), runtime, models.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	library, err := catalog.Open(filepath.Join(o.dir, "data"), model, catalog.Options{DuplicateCosine: model.Thresholds().Duplicate})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, library.Close()) }()
	c, err := library.Collection(ctx, "dupes")
	if errors.Is(err, space.ErrNotFound) {
		c, err = library.Create(ctx, "dupes", catalog.Settings{})
	}
	if err != nil {
		return err
	}
	if err := fileAll(ctx, c, o.dir, files); err != nil {
		return err
	}
	return do(c, model, len(files))
}

// groupAll groups the collection, and writes down what is found.
func groupAll(ctx context.Context, c *catalog.Catalog, o options, result found) error {
	begun := time.Now()
	stages := newStages()
	groups, err := c.Duplicates(ctx, space.DuplicateQuery{Similar: true, Decided: true, Progress: stages.at})
	if err != nil {
		return err
	}
	stages.at("", 0, 0)
	result.Seconds = time.Since(begun).Seconds()
	for _, g := range groups {
		set := foundSet{Level: g.Level, Files: []string{g.Original.ID}}
		for _, m := range g.Copies {
			set.Files = append(set.Files, m.Item.ID)
		}
		result.Groups = append(result.Groups, set)
	}
	fmt.Fprintf(os.Stderr, "%d groups in %.1f s\n", len(groups), result.Seconds)
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.dir, foundName), text, 0o644)
}

// batch is how many files are taken in at once.
const batch = 64

func fileAll(ctx context.Context, c *catalog.Catalog, dir string, files []file) error {
	for start := 0; start < len(files); start += batch {
		var docs []catalog.Document
		for _, f := range files[start:min(start+batch, len(files))] {
			if _, err := c.Get(ctx, f.Name); err == nil {
				continue // by an earlier run
			}
			data, err := os.ReadFile(filepath.Join(dir, f.Name))
			if err != nil {
				return err
			}
			docs = append(docs, catalog.Document{ID: f.Name, Kind: space.Image, Image: data})
		}
		for _, r := range c.Ingest(ctx, docs) {
			if r.Err != nil {
				return fmt.Errorf("%s: %w", r.ID, r.Err)
			}
		}
		fmt.Fprintf(os.Stderr, "\r%d of %d files", start+batch, len(files))
	}
	fmt.Fprintln(os.Stderr)
	return nil
}
