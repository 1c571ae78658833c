package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

func (a *app) dupesReportCommand() *cobra.Command {
	var f dupesFlags
	var file string
	cmd := &cobra.Command{
		Use:   "report [DIR] --html FILE",
		Short: "Write the groups of copies as a page to look at",
		Long: `Report writes one HTML file that holds everything, thumbnails too, and needs no server: each group with the picture that
is kept, its copies beside it, the evidence, what differs, and why the one is kept rather than the other.`,
		Example: "  clipd dupes report --html copies.html\n  clipd dupes report ~/Pictures --similar --html copies.html",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if file == "" {
				return usagef("--html: want the name of the file to write")
			}
			request, err := f.request(cmd)
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.dupesReport(cmd.Context(), c, args, f, request, file)
			})
		},
	}
	f.add(a, cmd)
	f.addTemporary(cmd)
	cmd.Flags().StringVar(&file, "html", "", "file to write")
	return cmd
}

func (a *app) dupesReport(ctx context.Context, c *connection, dirs []string, f dupesFlags, request api.DuplicatesRequest, file string) error {
	name, answer, err := a.findDuplicates(ctx, c, dirs, f, request)
	if err != nil {
		return err
	}
	bar := a.startProgress("report", "groups", int64(len(answer.Groups)))
	err = writeReport(file, report{
		Collection: name, Made: time.Now(), Answer: answer,
		thumbnail: func(id string) ([]byte, error) { return c.Thumbnail(ctx, name, id) },
		written:   func() { bar.add(1) },
	})
	bar.stop()
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	if err := a.forgetFolder(ctx, c, dirs, f, name); err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(map[string]any{"html": file, "groups": len(answer.Groups), "copies": answer.Copies, "bytes": answer.Bytes})
	}
	size := sizeValue(answer.Bytes)
	_, err = fmt.Fprintf(a.out, "%s: %s, %s; the copies take %v\n", file, plural(len(answer.Groups), "group"), copies(answer.Copies), &size)
	return err
}

// report is what the page is made of. Thumbnails are fetched while it is written, so that a large one needs no memory.
type report struct {
	Collection string
	Made       time.Time
	Answer     api.DuplicatesResponse

	thumbnail func(id string) ([]byte, error)
	written   func()
}

//go:embed dupes_report.html
var reportPage string

// writeReport replaces the file at once: no reader sees half of it.
func writeReport(path string, r report) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".clipd-report-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	out := bufio.NewWriter(temporary)
	if err := errors.Join(r.render(out), out.Flush(), temporary.Chmod(0o644), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

func (r report) render(w io.Writer) error {
	page, err := template.New("report").Funcs(template.FuncMap{
		"bytes":   func(n int64) string { size := sizeValue(n); return size.String() },
		"copies":  copies,
		"plural":  plural,
		"proof":   describeProof,
		"picture": r.picture,
		"name":    func(item api.Item) string { return describeItem(item) },
		"similar": func(g api.DuplicateGroup) bool { return g.Level == space.Similar },
		"written": func() string { r.written(); return "" },
	}).Parse(reportPage)
	if err != nil {
		return err
	}
	return page.Execute(w, r)
}

// picture is a thumbnail as a data URL; an item without one has none.
func (r report) picture(id string) (template.URL, error) {
	data, err := r.thumbnail(id)
	if hasCode(err, api.CodeNotFound) {
		return "", nil
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data)), err
}
