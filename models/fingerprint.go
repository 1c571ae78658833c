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

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/textenc"
)

// pipelineVersion is part of every fingerprint. It is raised when clipd's own code begins to make other vectors of the
// same files, which must not be mixed with the old ones.
const pipelineVersion = 1

// fingerprintFiles are the files that shape a model's vectors: graphs, weights beside them, and what says how the
// towers are fed; sorted, those that exist.
func fingerprintFiles(fsys fs.FS, l layout) ([]string, error) {
	var files []string
	add := func(name string) {
		if exists(fsys, name) && !slices.Contains(files, name) {
			files = append(files, name)
		}
	}
	for _, tower := range []struct {
		graph, dir string
		names      []string
	}{{l.text, l.textDir, textenc.SpecFiles()}, {l.vision, l.visionDir, preprocess.SpecFiles()}} {
		if tower.graph == "" {
			continue
		}
		add(tower.graph)
		weights, err := externalWeights(fsys, tower.graph)
		if err != nil {
			return nil, err
		}
		for _, name := range append(weights, tower.names...) {
			add(name)
			add(path.Join(tower.dir, name))
		}
	}
	slices.Sort(files)
	return files, nil
}

// externalWeights are files with weights beside a graph, by the exporters' habit of naming them after it:
// "model.onnx_data", "model.onnx.data", "model.onnx_data_1".
func externalWeights(fsys fs.FS, graph string) ([]string, error) {
	entries, err := fs.ReadDir(fsys, path.Dir(graph))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := path.Join(path.Dir(graph), entry.Name())
		if strings.HasPrefix(name, graph) && name != graph && !entry.IsDir() {
			names = append(names, name)
		}
	}
	return names, nil
}

// digest is the hex SHA-256 over the names and SHA-256s of the files that shape the vectors. With a cache directory,
// files of a real directory that kept size and modification time aren't read again.
func digest(folder Folder, l layout, cacheDir string) (string, error) {
	files, err := fingerprintFiles(folder.FS, l)
	if err != nil {
		return "", err
	}
	cache := openHashCache(folder, cacheDir)
	sum := sha256.New()
	fmt.Fprintf(sum, "clipd fingerprint, pipeline %d\n", pipelineVersion)
	for _, name := range files {
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
