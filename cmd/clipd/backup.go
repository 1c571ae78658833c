package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space/catalog"
)

func (a *app) backupCommand() *cobra.Command {
	var collection string
	var noCheck bool
	cmd := &cobra.Command{
		Use:   "backup DIR",
		Short: "Copy collections, while they are in use, into archives that are verified",
		Long: `Backup writes one file a collection, NAME.tar, into a folder: a consistent copy of the store, as it is at the beginning.
A running server goes on searching and writing. The copy is checked as 'clipd check' does before it is sent, and the archive is
read again, with all checksums, before it takes its name; an earlier archive of the name is replaced then, and not before.
Without --collection all are backed up.`,
		Example: "  clipd backup /mnt/backup\n  clipd backup /mnt/backup -c photos",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), func(c *connection) error {
				return a.backup(cmd.Context(), c, args[0], collection, !noCheck)
			})
		},
	}
	a.collectionFlag(cmd, &collection, "all of them")
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "do not check the copy before it is sent")
	return cmd
}

// backedUp is one archive.
type backedUp struct {
	File string `json:"file"`
	catalog.BackupHeader
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

func (a *app) backup(ctx context.Context, c *connection, dir, collection string, check bool) error {
	names, broken, err := chosenCollections(ctx, c, collection)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	made := []backedUp{}
	for _, name := range names {
		one, err := a.backupOne(ctx, c, dir, name, check)
		if err != nil {
			return fmt.Errorf("collection %s: %w", name, err)
		}
		made = append(made, one)
	}
	if a.json {
		err = a.writeJSON(map[string]any{"backups": made, "broken": broken})
	} else {
		err = a.printBackups(made)
	}
	if err == nil && len(broken) > 0 {
		err = fmt.Errorf("collection %s was not backed up, since it cannot be opened: %s", broken[0].Name, broken[0].Error.Message)
	}
	return err
}

// backupOne writes an archive beside its place, reads it again, and puts it there.
func (a *app) backupOne(ctx context.Context, c *connection, dir, name string, check bool) (made backedUp, err error) {
	begun := time.Now()
	made.File = filepath.Join(dir, name+".tar")
	file, err := os.CreateTemp(dir, "."+name+"-*.tar")
	if err != nil {
		return made, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	if made.Bytes, err = a.fetchBackup(ctx, c, name, check, file); err != nil {
		return made, err
	}
	if _, err = file.Seek(0, io.SeekStart); err != nil {
		return made, err
	}
	if made.BackupHeader, err = catalog.ReadBackup(bufio.NewReaderSize(file, 1<<20), nil); err != nil {
		return made, err
	}
	if err = errors.Join(file.Sync(), os.Rename(file.Name(), made.File)); err != nil {
		return made, err
	}
	made.Seconds = time.Since(begun).Seconds()
	return made, errors.Join(file.Close(), syncFolder(dir))
}

func (a *app) fetchBackup(ctx context.Context, c *connection, name string, check bool, to io.Writer) (n int64, err error) {
	total := int64(0)
	if d, err := c.Collection(ctx, name); err == nil {
		total = d.Bytes // with the indexes, which are left out
	}
	archive, err := c.Backup(ctx, name, check)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	bar := a.startProgress("back up "+name, bytesUnit, total)
	defer bar.stop()
	return io.Copy(to, &countingReader{Reader: archive, count: bar.add})
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (a *app) printBackups(made []backedUp) error {
	rows := make([][]string, len(made))
	for i, b := range made {
		size := sizeValue(b.Bytes)
		rows[i] = []string{b.Collection, fmt.Sprint(b.Items), size.String(), fmt.Sprintf("%.1f s", b.Seconds), b.File}
	}
	return a.table([]column{{title: "collection"}, {title: "items", right: true}, {title: "size", right: true}, {title: "took", right: true}, {title: "file"}}, rows)
}

func (a *app) restoreCommand() *cobra.Command {
	var collection string
	cmd := &cobra.Command{
		Use:   "restore FILE|DIR",
		Short: "Make collections of backups",
		Long: `Restore makes a collection of an archive of 'clipd backup', or of each archive in a folder. Before a collection is there,
all checksums, all of its store and the model that made its vectors are verified. A collection that exists is not
replaced: delete it first, or restore under another name.`,
		Example: "  clipd restore /mnt/backup\n  clipd restore /mnt/backup/photos.tar -c photos-as-it-was",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := archives(args[0])
			if err != nil {
				return err
			}
			if collection != "" && len(files) > 1 {
				return usagef("--collection names one collection, and %s has %d archives; name one of them", args[0], len(files))
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.restore(cmd.Context(), c, files, collection)
			})
		},
	}
	a.collectionFlag(cmd, &collection, "the archive's own name")
	return cmd
}

// archives are the file, or those in a folder.
func archives(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	files, err := filepath.Glob(filepath.Join(path, "*.tar"))
	files = slices.DeleteFunc(files, func(file string) bool { return strings.HasPrefix(filepath.Base(file), ".") })
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s has no .tar archive", path)
	}
	return files, err
}

func (a *app) restore(ctx context.Context, c *connection, files []string, collection string) error {
	all := checked{Collections: []api.CheckReport{}, Broken: []api.BrokenCollection{}}
	for _, file := range files {
		report, err := a.restoreOne(ctx, c, file, collection)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		all.Collections = append(all.Collections, report)
	}
	return a.printChecked(all)
}

func (a *app) restoreOne(ctx context.Context, c *connection, file, collection string) (api.CheckReport, error) {
	info, err := os.Stat(file)
	if err != nil {
		return api.CheckReport{}, err
	}
	bar := a.startProgress("restore "+filepath.Base(file), bytesUnit, info.Size())
	defer bar.stop()
	return c.Restore(ctx, collection, func() (io.ReadCloser, error) {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{&countingReader{Reader: f, count: bar.add}, f}, nil
	})
}
