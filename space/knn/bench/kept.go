package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keptFile is in a run's folder, beside the index, what later runs can use again.
const keptFile = "run.json"

// kept is what a run found that others with the same vectors can use again, and what it was about.
type kept struct {
	Made    made     `json:"made"`
	Builds  []Build  `json:"builds,omitempty"`
	Phases  []Phase  `json:"phases,omitempty"` // of the build
	Memory  []Memory `json:"memory,omitempty"` // during the build
	Answers *truth   `json:"answers,omitempty"`
}

// made is all that decides about vectors and index.
type made struct {
	Set     string `json:"set"`
	N       int    `json:"n"`
	Dim     int    `json:"dim"`
	Queries int    `json:"queries"`
	Seed    uint64 `json:"seed"`
}

// load reads what an earlier run has kept in dir; nothing where there was none or opts don't want it.
func load(dir string, opts Options) (*kept, error) {
	want := made{opts.SetName, opts.N, opts.Dim, opts.Queries, opts.Seed}
	fresh := &kept{Made: want}
	if !opts.Reuse {
		return fresh, forget(dir)
	}
	text, err := os.ReadFile(filepath.Join(dir, keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return nil, err
	}
	var found kept
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, keptFile), err)
	}
	if found.Made != want {
		return nil, fmt.Errorf("%s holds a run of %+v, which cannot be used for %+v: give the same flags, or another --dir", dir, found.Made, want)
	}
	return &found, nil
}

// forget removes what an earlier run has left in dir.
func forget(dir string) error {
	var errs []error
	for _, name := range []string{keptFile, baseFile, imageFile, textFile, indexFolder, peersFolder} {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

func (k *kept) save(dir string) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, keptFile)
	if err := os.WriteFile(path+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
