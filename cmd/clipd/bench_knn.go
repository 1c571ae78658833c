package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/knn/bench"
)

type benchKNNFlags struct {
	bench.Options
	peers   bool
	only    []string
	plot    string
	vectors string
}

// What vectors are measured on.
const (
	syntheticVectors = "synthetic"
	cropVectors      = "crops"
)

func (a *app) benchKNNCommand() *cobra.Command {
	f := benchKNNFlags{vectors: syntheticVectors}
	cmd := &cobra.Command{
		Use:   "knn",
		Short: "Measure the vector index: recall against speed, beside other indexes",
		Long: `Knn makes vectors like those of CLIP (two modalities apart, clusters, text queries far from all images; always the same
for a seed), builds an index of them, and prints recall@10 against queries a second for image and text queries, in each
tier; the times to build; memory; latency of single searches, while vectors come in, and with filters; range queries; and
with --join the join of all pairs of near vectors. --peers measures other indexes on the same vectors in the same run,
through their Python packages: ` + "`make bench-knn`" + ` installs them. With --vectors crops the model makes them instead: images
are random crops of the demo gallery's few photographs, text queries the demo's sentences. docs/vector-search.md explains the figures.

Vectors are made when they are needed, and never held all at once: ten million of 512 components need 27 GB of disk, which
are the index's, and 4 GB of memory. With --dir the indexes stay, and --reuse measures them again without building them. A
million with peers needs 14 GB of disk and 5 GB of memory.`,
		Example: "  clipd bench knn --n 100000\n  clipd bench knn --n 10000000 --dir big\n  clipd bench knn --n 10000000 --dir big --reuse\n  clipd bench knn --n 1000000 --dim 512 --join --peers --python build/venv-knn/bin/python --plot knn.svg",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.benchKNN(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.N, "n", 100_000, "how many vectors")
	flags.IntVar(&f.Dim, "dim", 512, "components of a vector")
	flags.Var(choice(&f.vectors, syntheticVectors, cropVectors), "vectors", "synthetic, or of crops of the demo's photographs by --model")
	flags.IntVar(&f.Index.CodesFrom, "codes-from", 0, "vectors from which codes are scanned (default 50,000)")
	flags.IntVar(&f.Index.ListsFrom, "lists-from", 0, "vectors from which codes lie in lists (default 100,000)")
	flags.IntVar(&f.Queries, "queries", 400, "queries of each kind: half to calibrate, half to measure")
	flags.Uint64Var(&f.Seed, "seed", 1, "of the vectors")
	flags.Float64Var(&f.Seconds, "seconds", 1, "length of each measurement")
	flags.IntVar(&f.Callers, "callers", 2, "searches in flight at once, and threads of peers")
	flags.BoolVar(&f.Join, "join", false, "measure the join of all pairs, too")
	flags.BoolVar(&f.peers, "peers", false, "measure other indexes, too")
	flags.StringSliceVar(&f.only, "peer", bench.Peers, "which")
	flags.StringVar(&f.Python, "python", "python3", "the Python that has the peers' packages")
	flags.StringVar(&f.Dir, "dir", "", "folder for the indexes and the true neighbours, which stay there (default: a temporary one)")
	flags.BoolVar(&f.Reuse, "reuse", false, "use what an earlier run with the same vectors left in --dir, and make what isn't there")
	flags.StringVar(&f.plot, "plot", "", "write the plot to this SVG file")
	return cmd
}

func (f *benchKNNFlags) check() error {
	switch {
	case f.N < 100 || f.N > 100_000_000:
		return usagef("--n %d: want 100 to 100,000,000", f.N)
	case f.Dim < 2 || f.Dim > 4096:
		return usagef("--dim %d: want 2 to 4096", f.Dim)
	case f.Queries < 2 || f.Queries > 100_000:
		return usagef("--queries %d: want 2 to 100,000", f.Queries)
	case !(f.Seconds > 0 && f.Seconds <= maxBenchSeconds):
		return usagef("--seconds %g: want more than 0 and at most %d", f.Seconds, maxBenchSeconds)
	case f.Callers < 1 || f.Callers > 64:
		return usagef("--callers %d: want 1 to 64", f.Callers)
	}
	if f.Reuse && f.Dir == "" {
		return usagef("--reuse: name the folder of the earlier run with --dir")
	}
	for _, peer := range f.only {
		if !slices.Contains(bench.Peers, peer) {
			return usagef("--peer %q: want some of %s", peer, strings.Join(bench.Peers, ", "))
		}
	}
	if f.peers {
		f.Peers = f.only
	}
	return nil
}

func (a *app) benchKNN(ctx context.Context, f benchKNNFlags) error {
	f.Note = a.note
	f.Progress = func(name, unit string, total int) (func(int), func()) {
		p := a.startProgress(name, unit, int64(total))
		return p.add, p.stop
	}
	if f.vectors == cropVectors {
		if err := a.useCrops(ctx, &f); err != nil {
			return err
		}
	}
	report, failed := bench.Run(ctx, f.Options)
	if len(report.Points) == 0 {
		return failed
	}
	return errors.Join(a.showKNN(f, report), failed) // what was measured before a peer failed took minutes, too
}

func (a *app) showKNN(f benchKNNFlags, report bench.Report) error {
	if f.plot != "" {
		if err := writePlot(f.plot, report); err != nil {
			return err
		}
	}
	if a.json {
		return a.writeJSON(report)
	}
	return a.printKNN(report)
}

func writePlot(path string, report bench.Report) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(report.Plot(file), file.Close())
}

// printKNN prints the report as tables.
func (a *app) printKNN(r bench.Report) error {
	a.note("%d %s vectors × %d, seed %d, %s kernels, %d threads, load %s before", r.N, r.Set, r.Dim, r.Seed, r.SIMD, r.Threads, r.Load)
	g := r.Geometry
	a.note("mean cosines: two images %.2f, two texts %.2f, a text and an image %.2f; gap %.2f; the images' participation ratio is %.0f",
		g.ImageImage, g.TextText, g.TextImage, g.Gap, g.Participation)
	steps := []func(bench.Report) error{a.printCurves, a.printChosen, a.printBuilds, a.printLatencies, a.printJoins}
	for _, step := range steps {
		if err := step(r); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	return nil
}

// recalls at which indexes are compared.
var recalls = []float64{0.90, 0.95, 0.98}

func (a *app) printCurves(r bench.Report) error {
	columns := []column{{title: "index"}}
	for _, kind := range []space.Kind{space.Image, space.Text} {
		for _, recall := range recalls {
			columns = append(columns, column{title: fmt.Sprintf("%s, queries/s at %.2f", kind, recall), right: true})
		}
	}
	var rows [][]string
	for _, index := range r.Indexes() {
		row := []string{index}
		for _, kind := range []space.Kind{space.Image, space.Text} {
			for _, recall := range recalls {
				row = append(row, speed(r.At(index, kind, recall).QPS))
			}
		}
		rows = append(rows, row)
	}
	return a.table(columns, rows)
}

func speed(qps float64) string {
	if qps == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", qps)
}

// printChosen prints the points that calibration chose.
func (a *app) printChosen(r bench.Report) error {
	var rows [][]string
	for _, p := range r.Points {
		if p.Chosen {
			rows = append(rows, []string{p.Index, string(p.Kind), p.Param, fmt.Sprintf("%.3f", p.Recall), fmt.Sprintf("%.0f", p.QPS)})
		}
	}
	return a.table([]column{{title: "by calibration"}, {title: "queries"}, {title: "effort"}, {title: "recall@10", right: true}, {title: "queries/s", right: true}}, rows)
}

func (a *app) printBuilds(r bench.Report) error {
	var rows [][]string
	for _, b := range r.Builds {
		rows = append(rows, []string{b.Index, fmt.Sprintf("%.1f s", b.Seconds), fmt.Sprintf("%.1f s", b.CPU), fmt.Sprintf("%.0f", b.BytesPerRow), b.Date, b.Load})
	}
	err := a.table([]column{{title: "build"}, {title: "time", right: true}, {title: "processor time", right: true},
		{title: "bytes a vector in memory", right: true}, {title: "on"}, {title: "load before"}}, rows)
	return errors.Join(err, a.printPhases(r), a.printMemory(r))
}

func (a *app) printPhases(r bench.Report) error {
	var rows [][]string
	for _, p := range r.Phases {
		rows = append(rows, []string{p.What, fmt.Sprintf("%.2f s", p.Seconds), fmt.Sprintf("%.2f s", p.CPU)})
	}
	fmt.Fprintln(a.out)
	return a.table([]column{{title: "clipd"}, {title: "time", right: true}, {title: "processor time", right: true}}, rows)
}

// printMemory prints the most memory that was used.
func (a *app) printMemory(r bench.Report) error {
	const mb = 1 << 20
	var rows [][]string
	for _, m := range r.Memory {
		rows = append(rows, []string{m.What, fmt.Sprint(m.Resident / mb), fmt.Sprint(m.Anonymous / mb), fmt.Sprint(m.Mapped / mb)})
	}
	fmt.Fprintln(a.out)
	return a.table([]column{{title: "memory at most"}, {title: "MB in all", right: true}, {title: "its own", right: true}, {title: "pages of files", right: true}}, rows)
}

func (a *app) printLatencies(r bench.Report) error {
	var rows [][]string
	for _, l := range r.Latencies {
		rows = append(rows, []string{l.What, fmt.Sprintf("%.2f", l.P50), fmt.Sprintf("%.2f", l.P99), fmt.Sprint(l.Count)})
	}
	return a.table([]column{{title: "one caller"}, {title: "p50 ms", right: true}, {title: "p99 ms", right: true}, {title: "count", right: true}}, rows)
}

func (a *app) printJoins(r bench.Report) error {
	var rows [][]string
	if w := r.Within; w != nil {
		rows = append(rows, []string{fmt.Sprintf("all within cosine %.2f of a vector", w.Least),
			fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", w.P50, w.P99), fmt.Sprint(w.Queries), fmt.Sprintf("%.4f", w.Recall)})
	}
	if j := r.Join; j != nil {
		rows = append(rows, []string{fmt.Sprintf("all pairs at %.2f or above: %d", j.Least, j.Pairs),
			fmt.Sprintf("%.1f s", j.Seconds), fmt.Sprint(j.Sampled), fmt.Sprintf("%.4f", j.Recall)})
	}
	return a.table([]column{{title: "joins"}, {title: "time", right: true}, {title: "sampled", right: true}, {title: "recall", right: true}}, rows)
}
