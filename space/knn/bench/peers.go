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

	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space"
)

//go:embed peers.py
var peersScript []byte

// Peers are the indexes that can be measured beside clipd's, where their Python packages are installed.
var Peers = []string{"hnswlib", "faiss-ivfpq", "faiss-hnsw", "usearch"}

// line is what the script prints.
type line struct {
	Point   *Point `json:"point"`
	Build   *Build `json:"build"`
	Missing *struct {
		Index string `json:"index"`
		Why   string `json:"why"`
	} `json:"missing"`
}

// peersFolder, in a run's folder, holds the peers' built indexes.
const peersFolder = "peers"

// peers measures other indexes on the same vectors, one at a time, each in a process of its own. One that is not
// installed is named, and left out.
func (r *run) peers(ctx context.Context) error {
	if len(r.opts.Peers) == 0 {
		return nil
	}
	machine.Trim()
	script, folder := filepath.Join(r.opts.Dir, "peers.py"), filepath.Join(r.opts.Dir, peersFolder)
	err := errors.Join(r.data.writeFiles(ctx, r.opts), r.kept.Answers.writeFor(r.opts.Dir), os.MkdirAll(folder, 0o755))
	if err = errors.Join(err, os.WriteFile(script, peersScript, 0o644)); err != nil {
		return err
	}
	var errs []error
	for _, peer := range r.opts.Peers {
		errs = append(errs, r.peer(ctx, script, peer)) // the others are measured all the same
	}
	return errors.Join(errs...)
}

func (r *run) peer(ctx context.Context, script, peer string) error {
	opts := r.opts
	cmd := exec.CommandContext(ctx, opts.Python, script, opts.Dir, strconv.Itoa(opts.Dim), strconv.Itoa(opts.Callers),
		strconv.FormatFloat(opts.Seconds, 'g', -1, 64), peer)
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("measure %s with %s: %w", peer, opts.Python, err)
	}
	readErr := readLines(bufio.NewScanner(out), opts, r.report)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("measure %s with %s: %w\n%s", peer, opts.Python, err, lastLines(failure.String()))
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
			opts.Note("%s was built in %.0f s, on %s", l.Build.Index, l.Build.Seconds, l.Build.Date)
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
