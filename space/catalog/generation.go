package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/clipd/clipd/space/store"
)

// A collection's folder holds its store and caches; after it was encoded anew, in a folder of its own inside, a generation,
// which the file currentFile names. Replacing that file is what makes another generation the collection.
const (
	currentFile      = "current"
	generationPrefix = "gen-"
)

var generationName = regexp.MustCompile(`^gen-([1-9][0-9]{0,8})$`)

// generation is the folder inside home that holds the collection now, and its number; home itself is the first.
func generation(home string) (dir string, number int, err error) {
	text, err := os.ReadFile(filepath.Join(home, currentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return home, 1, nil
	}
	if err != nil {
		return "", 0, err
	}
	name := strings.TrimSpace(string(text))
	match := generationName.FindStringSubmatch(name)
	if match == nil {
		return "", 0, fmt.Errorf("%w: the file %s names %q; want %sNUMBER", store.ErrDamaged, currentFile, name, generationPrefix)
	}
	number, err = strconv.Atoi(match[1])
	return filepath.Join(home, name), number, err
}

func generationDir(home string, number int) string {
	return filepath.Join(home, generationPrefix+strconv.Itoa(number))
}

// setGeneration makes a generation the collection, at once and durably.
func setGeneration(home string, number int) error {
	temporary := filepath.Join(home, "."+currentFile)
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	if err := writeDurably(temporary, strings.NewReader(generationPrefix+strconv.Itoa(number)+"\n")); err != nil {
		return err
	}
	return renameDurably(temporary, filepath.Join(home, currentFile))
}

// removeOlder removes what earlier generations have left. A later one stays: it is being made.
func removeOlder(home string, current int) error {
	if current == 1 {
		return nil
	}
	entries, err := os.ReadDir(home)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == currentFile {
			continue
		}
		if match := generationName.FindStringSubmatch(entry.Name()); match != nil {
			if number, err := strconv.Atoi(match[1]); err != nil || number >= current {
				continue
			}
		}
		if err := os.RemoveAll(filepath.Join(home, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
