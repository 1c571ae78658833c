package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/textenc"
)

// pipelineVersion is part of every fingerprint. It is raised when clipd's own code begins to make other vectors of the
// same files, which must not be mixed with the old ones.
const pipelineVersion = 1

// modelFiles are those of a folder's files that shape its model's vectors: graphs, weights beside them (those that the
// graphs name, and those that are named after them), and what says how the towers are fed; sorted.
func modelFiles(all []string, l layout, external []string) []string {
	var files []string
	for _, tower := range []struct {
		graph, dir string
		isSpec     func(name string, all []string) bool
	}{{l.text, l.textDir, textenc.IsSpecFile}, {l.vision, l.visionDir, isImageSpec}} {
		if tower.graph == "" {
			continue
		}
		beside := below(all, tower.dir)
		for _, name := range all {
			base, isBeside := strings.CutPrefix(name, tower.dir+"/")
			if tower.isSpec(name, all) || isBeside && tower.isSpec(base, beside) || isWeights(name, tower.graph) {
				files = append(files, name)
			}
		}
	}
	for _, name := range external {
		if slices.Contains(all, name) {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// externalWeights are the files, by their paths from the model's folder, that a layout's graphs keep weights in. A
// folder without directory has none: its graphs are loaded from memory, where they could find no file.
func externalWeights(dir string, l layout) ([]string, error) {
	var names []string
	for _, graph := range []string{l.text, l.vision} {
		if graph == "" || dir == "" {
			continue
		}
		sig, err := ort.Inspect(ort.Graph{Path: filepath.Join(dir, filepath.FromSlash(graph))})
		if err != nil {
			return nil, err
		}
		for _, location := range sig.External {
			if !filepath.IsLocal(filepath.FromSlash(location)) {
				return nil, fmt.Errorf("%w: %s keeps weights outside of the model's folder: %q", ErrLayout, graph, location)
			}
			names = append(names, path.Join(path.Dir(graph), location))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func isImageSpec(name string, _ []string) bool { return slices.Contains(preprocess.SpecFiles(), name) }

// below are the files in a directory, named from there.
func below(all []string, dir string) []string {
	var names []string
	for _, name := range all {
		if base, ok := strings.CutPrefix(name, dir+"/"); ok {
			names = append(names, base)
		}
	}
	return names
}

// isWeights says whether a file is the graph or holds weights of it, by the exporters' habit of naming such a file
// after the graph: "model.onnx_data", "model.onnx.data", "model.onnx_data_1".
func isWeights(name, graph string) bool { return strings.HasPrefix(name, graph) }

// filesOf lists all files of a folder.
func filesOf(fsys fs.FS) ([]string, error) {
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// digest is the hex SHA-256 over the names and SHA-256s of the files that shape the vectors. With a cache directory,
// files of a real directory that kept size and modification time aren't read again.
func digest(folder Folder, l layout, cacheDir string) (string, error) {
	all, err := filesOf(folder.FS)
	if err != nil {
		return "", err
	}
	external, err := externalWeights(folder.Dir, l)
	if err != nil {
		return "", err
	}
	cache := openHashCache(folder, cacheDir)
	sum := sha256.New()
	fmt.Fprintf(sum, "clipd fingerprint, pipeline %d\n", pipelineVersion)
	for _, name := range modelFiles(all, l, external) {
		hash, err := cache.hash(folder.FS, name)
		if err != nil {
			return "", fmt.Errorf("fingerprint: %w", err)
		}
		fmt.Fprintf(sum, "%s  %s\n", hash, name)
	}
	cache.save()
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// hashCache remembers files' hashes by size and modification time.
type hashCache struct {
	path    string // of its JSON file; empty: it remembers nothing
	Entries map[string]hashEntry
	changed bool
}

type hashEntry struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256"`
}

// openHashCache reads the folder's cache. One that is missing or damaged is an empty one.
func openHashCache(folder Folder, cacheDir string) *hashCache {
	c := &hashCache{Entries: map[string]hashEntry{}}
	if cacheDir == "" || folder.Dir == "" {
		return c
	}
	abs, err := filepath.Abs(folder.Dir)
	if err != nil {
		return c
	}
	name := sha256.Sum256([]byte(abs))
	c.path = filepath.Join(cacheDir, "hashes-"+hex.EncodeToString(name[:8])+".json")
	if data, err := os.ReadFile(c.path); err == nil {
		if json.Unmarshal(data, &c.Entries) != nil || c.Entries == nil {
			c.Entries = map[string]hashEntry{}
		}
	}
	return c
}

func (c *hashCache) hash(fsys fs.FS, name string) (string, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return "", err
	}
	if e, ok := c.Entries[name]; ok && c.path != "" && e.Size == stat.Size() && e.Modified.Equal(stat.ModTime()) {
		return e.SHA256, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	hash := hex.EncodeToString(sum.Sum(nil))
	c.Entries[name] = hashEntry{Size: stat.Size(), Modified: stat.ModTime(), SHA256: hash}
	c.changed = true
	return hash, nil
}

// save writes the cache. A cache that can't be written costs time at the next start, nothing else; hence no error.
func (c *hashCache) save() {
	if c.path == "" || !c.changed {
		return
	}
	data, err := json.Marshal(c.Entries)
	if err != nil {
		return
	}
	_ = os.MkdirAll(filepath.Dir(c.path), 0o755)
	_ = writeAtomically(c.path, data)
}

// writeAtomically writes a file beside its place and renames it, so that no reader sees half of it.
func writeAtomically(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
