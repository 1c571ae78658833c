package bench

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"github.com/clipd/clipd/space"
)

//go:embed peers.py
var peersScript []byte

// Peers are the indexes that can be measured beside clipd's, where their Python packages are installed.
var Peers = []string{"hnswlib", "faiss-ivfpq", "faiss-hnsw", "usearch"}

// writeTruth writes the true neighbours' numbers for peers: 10 of each query.
func (m *meter) writeTruth() error {
	for _, kind := range kinds {
		numbers := make([]uint32, 0, k*len(m.truth[kind]))
		for _, ids := range m.truth[kind] {
			for id := range ids {
				n, err := strconv.Atoi(strings.TrimPrefix(id, "item-"))
				if err != nil {
					return err
				}
				numbers = append(numbers, uint32(n))
			}
		}
		raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), 4*len(numbers))
		if err := os.WriteFile(filepath.Join(m.data.dir, "true-"+string(kind)+".u32"), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// line is what the script prints.
type line struct {
	Point   *Point `json:"point"`
	Build   *Build `json:"build"`
	Missing *struct {
		Index string `json:"index"`
		Why   string `json:"why"`
	} `json:"missing"`
}

// peers measures other indexes on the same files. One that is not installed is named, and left out.
func peers(ctx context.Context, d *data, opts Options, report *Report) error {
	if len(opts.Peers) == 0 {
		return nil
	}
	script := filepath.Join(d.dir, "peers.py")
	if err := os.WriteFile(script, peersScript, 0o644); err != nil {
		return err
	}
	arguments := []string{script, d.dir, strconv.Itoa(opts.Dim), strconv.Itoa(opts.Callers), strconv.FormatFloat(opts.Seconds, 'g', -1, 64)}
	cmd := exec.CommandContext(ctx, opts.Python, append(arguments, opts.Peers...)...)
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("measure peers with %s: %w", opts.Python, err)
	}
	readErr := readLines(bufio.NewScanner(out), opts, report)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("measure peers with %s: %w\n%s", opts.Python, err, lastLines(failure.String()))
	}
	return readErr
}

func readLines(lines *bufio.Scanner, opts Options, report *Report) error {
	var errs []error
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			errs = append(errs, fmt.Errorf("peers: %q: %w", lines.Text(), err))
			continue
		}
		switch {
		case l.Point != nil:
			report.Points = append(report.Points, *l.Point)
			opts.Note("%s, %s queries, %s: recall %.3f, %.0f queries/s", l.Point.Index, l.Point.Kind, l.Point.Param, l.Point.Recall, l.Point.QPS)
		case l.Build != nil:
			report.Builds = append(report.Builds, *l.Build)
			opts.Note("%s was built in %.0f s", l.Build.Index, l.Build.Seconds)
		case l.Missing != nil:
			opts.Note("%s is left out: %s (see `make bench-knn`)", l.Missing.Index, l.Missing.Why)
		}
	}
	return errors.Join(append(errs, lines.Err())...)
}

func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// At is the speed at which an index reaches a recall: that of its fastest point that does; 0: none does.
func (r Report) At(index string, kind space.Kind, recall float64) Point {
	var best Point
	for _, p := range r.Points {
		if p.Index == index && p.Kind == kind && p.Recall >= recall && p.QPS > best.QPS {
			best = p
		}
	}
	return best
}

// Indexes are the names of those that were measured, in the order in which they were.
func (r Report) Indexes() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range r.Points {
		if !seen[p.Index] {
			seen[p.Index] = true
			names = append(names, p.Index)
		}
	}
	return names
}
