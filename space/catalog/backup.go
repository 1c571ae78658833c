package catalog

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/store"
)

// ErrBadBackup: what is to be restored is no backup, is cut off or damaged; the text says where.
var ErrBadBackup = errors.New("the backup cannot be restored")

// A backup is a tar archive: backupFile first, then the store's files below storeDir, then sumsFile, without which it was
// cut off. docs/formats.md describes it.
const (
	backupFile = "backup.json"
	sumsFile   = "checksums.json"

	backupFormat  = "clipd-backup"
	backupVersion = 1
)

// BackupHeader is the first file of a backup.
type BackupHeader struct {
	Format      string            `json:"format"`
	Version     int               `json:"version"`
	Collection  string            `json:"collection"`
	Fingerprint space.Fingerprint `json:"fingerprint"`
	Items       int               `json:"items"`
	Made        time.Time         `json:"made"`
}

// Backup writes a consistent copy of the collection, as of now, to w; searches and writes go on meanwhile. Where check is
// true, the copy is read and verified first: a damaged store fails with store.ErrDamaged, and nothing is written.
func (c *Catalog) Backup(ctx context.Context, w io.Writer, check bool) error {
	if err := c.backup(ctx, w, check); err != nil {
		return fmt.Errorf("back up %q: %w", c.name, err)
	}
	return nil
}

func (c *Catalog) backup(ctx context.Context, w io.Writer, check bool) (err error) {
	// Beside the collections: files that never change again are hard links there.
	dir, err := os.MkdirTemp(filepath.Dir(c.home), backupPrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	copied := filepath.Join(dir, storeDir)
	if err := c.store.Backup(ctx, copied); err != nil {
		return err
	}
	header := BackupHeader{Format: backupFormat, Version: backupVersion, Collection: c.name, Fingerprint: c.Fingerprint(), Made: time.Now().UTC().Truncate(time.Second)}
	if header.Items, err = c.countItems(ctx, copied, check); err != nil {
		return err
	}
	return writeBackup(ctx, header, copied, w)
}

// countItems opens a copy of the store, which is not changed by it, and verifies it where that is asked for.
func (c *Catalog) countItems(ctx context.Context, dir string, check bool) (n int, err error) {
	if !check {
		d, err := c.Describe(ctx)
		return d.Items, err
	}
	copied, err := store.OpenAny(dir, store.Options{Logger: c.opts.Logger, ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	report, err := copied.Check(ctx, nil)
	return report.Items, errors.Join(err, report.Err())
}

func writeBackup(ctx context.Context, header BackupHeader, dir string, w io.Writer) error {
	archive := tar.NewWriter(w)
	if err := writeJSONFile(archive, backupFile, header); err != nil {
		return err
	}
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		inside, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		name := path.Join(storeDir, filepath.ToSlash(inside))
		sums[name], err = writeFile(archive, name, file)
		return err
	})
	if err != nil {
		return err
	}
	return errors.Join(writeJSONFile(archive, sumsFile, sums), archive.Close())
}

func writeJSONFile(archive *tar.Writer, name string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err = archive.Write(data)
	return err
}

// writeFile adds a file and returns its SHA-256.
func writeFile(archive *tar.Writer, name, file string) (sum string, err error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return "", err
	}
	hashed := sha256.New()
	_, err = io.Copy(io.MultiWriter(archive, hashed), f)
	return hex.EncodeToString(hashed.Sum(nil)), err
}

// ReadBackup reads a backup to its end and compares all checksums. keep is given each file of the store, and is to read it
// or not; nil: nothing is kept. It fails with ErrBadBackup, or keep's error.
func ReadBackup(from io.Reader, keep func(name string, content io.Reader) error) (BackupHeader, error) {
	r := &backupReader{archive: tar.NewReader(from), sums: map[string]string{}, keep: keep}
	if err := r.header(); err != nil {
		return r.head, err
	}
	for {
		entry, err := r.archive.Next()
		if err != nil {
			return r.head, fmt.Errorf("%w: it is cut off: it ends without %s (%w)", ErrBadBackup, sumsFile, err)
		}
		if entry.Name == sumsFile {
			return r.head, r.compare()
		}
		if err := r.file(entry); err != nil {
			return r.head, err
		}
	}
}

type backupReader struct {
	archive *tar.Reader
	head    BackupHeader
	sums    map[string]string // of the files that were read
	keep    func(name string, content io.Reader) error
}

// maxBackupJSON bounds the two JSON files of a backup.
const maxBackupJSON = 64 << 20

func (r *backupReader) json(into any) error {
	data, err := io.ReadAll(io.LimitReader(r.archive, maxBackupJSON))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	return err
}

func (r *backupReader) header() error {
	entry, err := r.archive.Next()
	switch {
	case err != nil:
		return fmt.Errorf("%w: it is no tar archive: %w", ErrBadBackup, err)
	case entry.Name != backupFile:
		return fmt.Errorf("%w: it begins with %q; want %s", ErrBadBackup, entry.Name, backupFile)
	}
	if err := r.json(&r.head); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBadBackup, backupFile, err)
	}
	if r.head.Format != backupFormat || r.head.Version != backupVersion {
		return fmt.Errorf("%w: it is %q of version %d; this clipd reads %q of version %d", ErrBadBackup, r.head.Format, r.head.Version, backupFormat, backupVersion)
	}
	return nil
}

// file takes one file of the store. Its name is checked: an archive may come from anywhere.
func (r *backupReader) file(entry *tar.Header) error {
	inside, isStore := strings.CutPrefix(entry.Name, storeDir+"/")
	if !isStore || !filepath.IsLocal(inside) || path.Clean(entry.Name) != entry.Name || strings.Contains(inside, "\\") || entry.Typeflag != tar.TypeReg {
		return fmt.Errorf("%w: it holds %q, which is no file of a store", ErrBadBackup, entry.Name)
	}
	if r.sums[entry.Name] != "" {
		return fmt.Errorf("%w: it holds %q twice", ErrBadBackup, entry.Name)
	}
	hashed := sha256.New()
	content := io.TeeReader(entryReader{r.archive, entry.Name}, hashed)
	if r.keep != nil {
		if err := r.keep(inside, content); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	r.sums[entry.Name] = hexSum(hashed)
	return nil
}

// entryReader says of a failure where in the archive it was.
type entryReader struct {
	io.Reader
	name string
}

func (r entryReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: it is cut off within %q: %w", ErrBadBackup, r.name, err)
	}
	return n, err
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// compare holds what was read against the checksums at the end.
func (r *backupReader) compare() error {
	var want map[string]string
	if err := r.json(&want); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBadBackup, sumsFile, err)
	}
	for name, sum := range r.sums {
		if want[name] != sum {
			return fmt.Errorf("%w: %s has SHA-256 %.12s…; want %.12s…", ErrBadBackup, name, sum, want[name])
		}
	}
	if len(want) != len(r.sums) || len(want) == 0 {
		return fmt.Errorf("%w: it has %d files; want %d", ErrBadBackup, len(r.sums), len(want))
	}
	return nil
}

// Restore makes a collection of a backup. It is verified before it is there: its checksums, all that store.Store.Check
// looks at, and that the library's model made its vectors. It fails with ErrBadBackup, ErrExists, ErrInvalidName or
// space.ErrFingerprint. An empty name takes that of the backup.
func (l *Library) Restore(ctx context.Context, name string, from io.Reader) (*Catalog, error) {
	dir, err := os.MkdirTemp(filepath.Join(l.dir, collectionsDir), restoringPrefix)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(dir) // what is left of a failure; a success has moved it
	header, err := l.unpack(ctx, dir, from)
	if name == "" {
		name = header.Collection
	}
	if err != nil {
		return nil, fmt.Errorf("restore %q: %w", name, err)
	}
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	if err := l.verifyUnpacked(ctx, filepath.Join(dir, storeDir)); err != nil {
		return nil, fmt.Errorf("restore %q: %w", name, err)
	}
	return l.adopt(ctx, name, dir)
}

// unpack writes the files of a backup into a folder, durably.
func (l *Library) unpack(ctx context.Context, dir string, from io.Reader) (BackupHeader, error) {
	target := filepath.Join(dir, storeDir)
	if err := os.Mkdir(target, 0o755); err != nil {
		return BackupHeader{}, err
	}
	var folders []string
	header, err := ReadBackup(from, func(name string, content io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		file := filepath.Join(target, filepath.FromSlash(name))
		if folder := filepath.Dir(file); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
			if err := os.MkdirAll(folder, 0o755); err != nil {
				return err
			}
		}
		return writeDurably(file, content)
	})
	for _, folder := range append(folders, target, dir) {
		err = errors.Join(err, syncDir(folder))
	}
	return header, err
}

func writeDurably(file string, content io.Reader) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Sync(), f.Close())
}

func (l *Library) verifyUnpacked(ctx context.Context, dir string) (err error) {
	s, err := store.Open(dir, l.enc.Fingerprint(), store.Options{Logger: l.opts.Logger, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	report, err := s.Check(ctx, nil)
	if err == nil && report.Err() != nil {
		err = fmt.Errorf("%w: %w", ErrBadBackup, report.Err())
	}
	return err
}

// adopt makes a folder outside the library's collections one of them.
func (l *Library) adopt(ctx context.Context, name, dir string) (*Catalog, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx); err != nil {
		return nil, err
	}
	switch exists, err := l.exists(name); {
	case err != nil:
		return nil, fmt.Errorf("restore %q: %w", name, err)
	case exists:
		return nil, fmt.Errorf("restore %q: %w; delete it first, or restore under another name", name, ErrExists)
	}
	if err := renameDurably(dir, l.path(name)); err != nil {
		return nil, fmt.Errorf("restore %q: %w", name, err)
	}
	return l.openCatalog(ctx, name)
}
