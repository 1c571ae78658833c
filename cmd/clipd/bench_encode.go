package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space/knn"
)

// encodeFlags bound a measurement of the encoders.
type encodeFlags struct {
	benchFlags
	rounds int
	sizes  []string
	texts  int
}

func (a *app) benchEncodeCommand() *cobra.Command {
	var f encodeFlags
	cmd := &cobra.Command{
		Use:   "encode",
		Short: "Measure images and texts a second against the bare session",
		Long: `Encode starts a server of its own on a loopback address, with a data directory that goes at the end, and asks it over
HTTP as other programs would: image files or JSON in, decoding, resizing, the queue, the tower, JSON out. Beside each rate of images
stands that of the bare ONNX Runtime session in the same process, fed pixels that are ready. Both are measured in turns,
so that other work on the machine meets both; their ratio is what the way to the session leaves of it.

Images are made for the purpose: JPEGs of smooth colours, edges and noise. They travel as they are, and in a row of its
own as base64 in JSON. Rates have --callers requests in flight,
latencies one. Each measurement has a warm-up. "cpu" is processor time of server and client together.`,
		Example: "  clipd bench encode\n  clipd bench encode --model ./build/bench-model --variant quantized --json > quantized.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sizes, err := f.check()
			if err != nil {
				return err
			}
			return a.benchEncode(cmd.Context(), f, sizes)
		},
	}
	f.add(cmd)
	f.callers = 16
	cmd.Flags().Lookup("callers").DefValue = "16"
	cmd.Flags().IntVar(&f.rounds, "rounds", 3, "how often server and session take turns")
	cmd.Flags().StringSliceVar(&f.sizes, "sizes", []string{"640x480", "4000x3000"}, "sizes of the images in pixels")
	cmd.Flags().IntVar(&f.texts, "texts", 10_000, "texts of the batch beside which a query's latency is measured")
	return cmd
}

// size is of an image, in pixels.
type size struct{ width, height int }

func (s size) String() string { return fmt.Sprintf("%d×%d", s.width, s.height) }

func (f *encodeFlags) check() ([]size, error) {
	switch {
	case f.rounds < 1 || f.rounds > 100:
		return nil, usagef("--rounds %d: want 1 to 100", f.rounds)
	case f.texts < 1 || f.texts > 100_000:
		return nil, usagef("--texts %d: want 1 to 100,000", f.texts)
	}
	var sizes []size
	for _, text := range f.sizes {
		width, height, _ := strings.Cut(text, "x")
		w, errW := strconv.Atoi(width)
		h, errH := strconv.Atoi(height)
		if errW != nil || errH != nil || w < 1 || h < 1 || w > 50_000 || w*h > 50_000_000 {
			return nil, usagef("--sizes %q: want width x height, such as 640x480, and at most 50,000,000 pixels", text)
		}
		sizes = append(sizes, size{w, h})
	}
	return sizes, f.benchFlags.check()
}

// encodeReport is what bench encode prints.
type encodeReport struct {
	Model    string        `json:"model"`
	Variant  string        `json:"variant,omitempty"` // of the graphs; empty: plain
	Version  string        `json:"version"`
	Date     string        `json:"date"`
	CPU      string        `json:"cpu"`
	SIMD     string        `json:"simd"`
	Threads  int           `json:"threads"`
	Load     float64       `json:"load"` // 1-minute load average when it began: other work on the machine
	Images   []imageResult `json:"images,omitempty"`
	Texts    []timing      `json:"texts,omitempty"`
	Fairness *fairness     `json:"fairness,omitempty"`
	Memory   memory        `json:"memory"`
}

// memory is resident memory in bytes.
type memory struct {
	Loaded int64 `json:"loaded"` // with the towers loaded, before the first request
	End    int64 `json:"end"`
}

func (a *app) benchEncode(ctx context.Context, f encodeFlags, sizes []size) error {
	site, err := a.openSite(ctx)
	if err != nil {
		return err
	}
	report, err := site.measure(ctx, f, sizes)
	if err = errors.Join(err, site.close()); err != nil {
		return err
	}
	if a.json {
		return a.writeJSON(report)
	}
	return a.printEncode(report)
}

// measure takes every measurement in turn.
func (s *site) measure(ctx context.Context, f encodeFlags, sizes []size) (encodeReport, error) {
	info, err := s.engine.model.Describe(ctx)
	if err != nil {
		return encodeReport{}, err
	}
	report := encodeReport{
		Model: info.Fingerprint.String(), Variant: info.Variant, Version: version, Date: time.Now().UTC().Format(time.DateOnly),
		CPU: machine.CPU(), SIMD: knn.SIMD(), Threads: s.a.settings.threadCount(), Load: machine.Load(),
		Memory: memory{Loaded: machine.Resident()},
	}
	if info.Image != nil {
		if report.Images, err = s.measureImages(ctx, f, sizes); err != nil {
			return report, err
		}
	}
	if info.Text != nil {
		if report.Texts, err = s.measureTexts(ctx, f); err != nil {
			return report, err
		}
		if report.Fairness, err = s.measureFairness(ctx, f); err != nil {
			return report, err
		}
	}
	report.Memory.End = machine.Resident()
	return report, nil
}

func (a *app) printEncode(r encodeReport) error {
	if err := a.printImages(r.Images); err != nil {
		return err
	}
	if err := a.printTexts(r); err != nil {
		return err
	}
	variant := ""
	if r.Variant != "" {
		variant = " (" + r.Variant + ")"
	}
	loaded, end := sizeValue(r.Memory.Loaded), sizeValue(r.Memory.End)
	a.note("memory: %v with the towers loaded, %v at the end", &loaded, &end)
	a.note("model %s%s, %d threads, %s kernels, %s, load %.1f when it began", r.Model, variant, r.Threads, r.SIMD, r.CPU, r.Load)
	return nil
}
