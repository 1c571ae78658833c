package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/clipd/clipd/space"
)

// manifestName is the file that is written last: a folder without it is unfinished.
const manifestName = "manifest.json"

// ErrDamaged: a file of an export is not what it was when it was written.
var ErrDamaged = errors.New("the export is damaged")

// formatName and formatVersion are what a manifest begins with.
const (
	formatName    = "clipd-export"
	formatVersion = 1
)

// Manifest says what lies in an export's folder.
type Manifest struct {
	Format      string                  `json:"format"`
	Version     int                     `json:"version"`
	Collection  string                  `json:"collection"`
	Fingerprint space.Fingerprint       `json:"fingerprint"`
	Items       int                     `json:"items"`
	Thumbnails  int                     `json:"thumbnails"`
	Decisions   int                     `json:"decisions"`
	Made        time.Time               `json:"made"`
	Files       map[string]ManifestFile `json:"files"`
}

// ManifestFile is the state of one file.
type ManifestFile struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// ReadManifest reads a folder's manifest; nil: there is none.
func ReadManifest(dir string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseManifest(data)
}

func parseManifest(data []byte) (*Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, manifestName, err)
	}
	switch {
	case m.Format != formatName:
		return nil, fmt.Errorf("%w: %s is of format %q; want %q", ErrDamaged, manifestName, m.Format, formatName)
	case m.Version != formatVersion:
		return nil, fmt.Errorf("%s is of version %d; this clipd reads %d", manifestName, m.Version, formatVersion)
	case m.Fingerprint.Digest == "" || m.Fingerprint.Dim < 1 || m.Items < 0:
		return nil, fmt.Errorf("%w: %s does not say which model made the vectors", ErrDamaged, manifestName)
	}
	return &m, nil
}

// Verify reads all files and compares them with the manifest. It fails with ErrDamaged.
func (m *Manifest) Verify(dir string) error {
	for _, name := range fileNames {
		want, listed := m.Files[name]
		if !listed {
			return fmt.Errorf("%w: %s does not list %s", ErrDamaged, manifestName, name)
		}
		got, err := fileState(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if got != want {
			return fmt.Errorf("%w: %s has %d bytes with SHA-256 %.12s…; want %d with %.12s…", ErrDamaged, name, got.Bytes, got.SHA256, want.Bytes, want.SHA256)
		}
	}
	return nil
}

func fileState(path string) (ManifestFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return ManifestFile{}, err
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	return ManifestFile{n, hex.EncodeToString(sum.Sum(nil))}, err
}

// write puts the manifest into its place, at once and durably.
func (m *Manifest) write(dir string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	temporary := filepath.Join(dir, "."+manifestName)
	file, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(dir, manifestName)); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
