package models

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clipd/clipd/models/starter"
)

// ErrNoModel: no model of that name; the text lists those that are there.
var ErrNoModel = errors.New("no such model")

// StarterName is the name of the model that is built into the binary.
const StarterName = "starter"

// Folder is a model's files, not yet read.
type Folder struct {
	Name string // for people: the folder's name, or "owner/repo"
	FS   fs.FS
	Dir  string // where the files lie on this machine; empty for the starter, which lies in the binary
}

// Starter is the model that is built into the binary.
func Starter() Folder { return Folder{Name: StarterName, FS: starter.FS()} }

// DirFolder is the model in a directory.
func DirFolder(dir string) Folder {
	return Folder{Name: filepath.Base(dir), FS: os.DirFS(dir), Dir: dir}
}

// Find looks a model up: the starter for "" or "starter"; a directory for a path; else the installed model of that
// name under modelsDir, as "Xenova/clip-vit-base-patch32", or a known model's short name, as "clip-vit-base-patch32".
// It fails with ErrNoModel.
func Find(modelsDir, name string) (Folder, error) {
	if name == "" || name == StarterName {
		return Starter(), nil
	}
	if isPath(name) {
		if !isDir(name) {
			return Folder{}, fmt.Errorf("%w: %s is no directory", ErrNoModel, name)
		}
		return DirFolder(filepath.Clean(name)), nil
	}
	candidates := []string{name}
	if known, ok := Known(name); ok {
		candidates = append(candidates, known.Repo)
	}
	for _, candidate := range candidates {
		if dir := filepath.Join(modelsDir, filepath.FromSlash(candidate)); fs.ValidPath(candidate) && isDir(dir) {
			return Folder{Name: candidate, FS: os.DirFS(dir), Dir: dir}, nil
		}
	}
	return Folder{}, notInstalled(modelsDir, name)
}

// isPath tells a path from a name: names have at most one slash inside and begin with none and no dot.
func isPath(name string) bool {
	return filepath.IsAbs(name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || strings.Count(name, "/") > 1
}

func isDir(path string) bool {
	stat, err := os.Stat(path)
	return err == nil && stat.IsDir()
}

func notInstalled(modelsDir, name string) error {
	var names []string
	if folders, err := Installed(modelsDir); err == nil {
		for _, f := range folders {
			names = append(names, f.Name)
		}
	}
	hint := ""
	if known, ok := Known(name); ok {
		hint = fmt.Sprintf("; bring it with: clipd models pull %s", known.Repo)
	} else if strings.Contains(name, "/") {
		hint = fmt.Sprintf("; bring it with: clipd models pull %s", name)
	}
	return fmt.Errorf("%w: %q is not installed; there are: %s%s", ErrNoModel, name, strings.Join(names, ", "), hint)
}

// Installed lists the starter and the models under modelsDir ("name" or "owner/name"), by name. A directory that
// doesn't exist holds none.
func Installed(modelsDir string) ([]Folder, error) {
	found := []Folder{Starter()}
	for _, pattern := range []string{"*", "*/*"} {
		paths, err := filepath.Glob(filepath.Join(escapeGlob(modelsDir), pattern))
		if err != nil {
			return nil, fmt.Errorf("list models: %w", err)
		}
		for _, dir := range paths {
			name, err := filepath.Rel(modelsDir, dir)
			if err != nil || strings.HasPrefix(name, ".") || !isDir(dir) {
				continue
			}
			if _, err := findLayout(fileIn(os.DirFS(dir)), ""); err == nil {
				found = append(found, Folder{Name: filepath.ToSlash(name), FS: os.DirFS(dir), Dir: dir})
			}
		}
	}
	slices.SortFunc(found[1:], func(a, b Folder) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// escapeGlob makes a path match itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
