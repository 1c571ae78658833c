package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/internal/machine"
)

// soakFlags bound a soak.
type soakFlags struct{ images, callers int }

// soakGrowth is how far memory may grow after the warm-up, which is a fifth of the images.
const soakGrowth = 1.05

// soakReport is what bench soak prints.
type soakReport struct {
	Model  string  `json:"model"`
	Images int     `json:"images"`
	RSS    []int64 `json:"rss"`    // resident bytes, at equal distances
	Warm   int64   `json:"warm"`   // most of the first fifth
	End    int64   `json:"end"`    // most of the last fifth
	Growth float64 `json:"growth"` // end by warm
	Flat   bool    `json:"flat"`   // growth is at most 1.05
}

func (a *app) benchSoakCommand() *cobra.Command {
	f := soakFlags{}
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "See whether memory stays flat over many images",
		Long: `Soak starts a server of its own, as "bench encode" does, and sends it images of mixed sizes and formats. It prints the
process's resident memory as it goes, and whether that grew by more than 5 % after the first fifth of the images.
Exit status: 0 when it is flat, else 1.`,
		Example: "  clipd bench soak\n  clipd bench soak --images 2000 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.images < soakSamples || f.images > 1_000_000 {
				return usagef("--images %d: want %d to 1,000,000", f.images, soakSamples)
			}
			if f.callers < 1 || f.callers > 64 {
				return usagef("--callers %d: want 1 to 64", f.callers)
			}
			return a.benchSoak(cmd.Context(), f)
		},
	}
	cmd.Flags().IntVar(&f.images, "images", 10_000, "images to send")
	cmd.Flags().IntVar(&f.callers, "callers", 8, "requests in flight at once")
	return cmd
}

func (a *app) benchSoak(ctx context.Context, f soakFlags) error {
	bodies, err := soakBodies()
	if err != nil {
		return err
	}
	site, err := a.openSite(ctx)
	if err != nil {
		return err
	}
	report, err := site.soak(ctx, f, bodies)
	if err = errors.Join(err, site.close()); err != nil {
		return err
	}
	if err := a.printSoak(report); err != nil {
		return err
	}
	if !report.Flat {
		return &failure{status: exitFailed, said: true, err: errors.New("memory grew")}
	}
	return nil
}

// soakSamples is how often memory is read.
const soakSamples = 20

func (s *site) soak(ctx context.Context, f soakFlags, bodies [][]byte) (soakReport, error) {
	report := soakReport{Model: s.engine.model.Fingerprint().String(), Images: f.images}
	progress := s.a.startProgress("soak", "images", int64(f.images))
	defer progress.stop()
	for part := range soakSamples {
		var next atomic.Int64
		next.Store(int64(part * f.images / soakSamples))
		end := int64((part + 1) * f.images / soakSamples)
		group, ctx := errgroup.WithContext(ctx)
		for range f.callers {
			group.Go(func() error {
				for i := next.Add(1) - 1; i < end; i = next.Add(1) - 1 {
					if err := s.embed(ctx, bodies[int(i)%len(bodies)]); err != nil {
						return err
					}
					progress.add(1)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return report, err
		}
		report.RSS = append(report.RSS, machine.Resident())
	}
	report.judge()
	return report, nil
}

// judge compares the last fifth with the first.
func (r *soakReport) judge() {
	fifth := len(r.RSS) / 5
	for i, rss := range r.RSS {
		switch {
		case i < fifth:
			r.Warm = max(r.Warm, rss)
		case i >= len(r.RSS)-fifth:
			r.End = max(r.End, rss)
		}
	}
	r.Growth = quotient(float64(r.End), float64(r.Warm))
	r.Flat = r.Growth <= soakGrowth
}

// soakBodies are requests with images of many sizes, as JPEG and as PNG.
func soakBodies() ([][]byte, error) {
	var bodies [][]byte
	for i, of := range []size{{640, 480}, {300, 800}, {97, 61}, {1600, 1200}, {224, 224}, {1024, 768}, {2400, 700}} {
		photo, err := benchPhoto(of, uint64(i))
		if err != nil {
			return nil, err
		}
		if i%3 == 2 {
			if photo, err = asPNG(photo); err != nil {
				return nil, err
			}
		}
		body, err := imageBody(photo)
		if err != nil {
			return nil, err
		}
		bodies = append(bodies, body)
	}
	return bodies, nil
}

func asPNG(photo []byte) ([]byte, error) {
	picture, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = png.Encode(&out, picture)
	return out.Bytes(), err
}

func (a *app) printSoak(r soakReport) error {
	if a.json {
		return a.writeJSON(r)
	}
	rows := make([][]string, len(r.RSS))
	for i, rss := range r.RSS {
		bytes := sizeValue(rss)
		rows[i] = []string{fmt.Sprint((i + 1) * r.Images / len(r.RSS)), bytes.String()}
	}
	if err := a.table([]column{{title: "images", right: true}, {title: "memory", right: true}}, rows); err != nil {
		return err
	}
	verdict := "flat"
	if !r.Flat {
		verdict = "it grew"
	}
	warm, end := sizeValue(r.Warm), sizeValue(r.End)
	a.note("model %s: %v in the first fifth, %v in the last, × %.3f: %s", r.Model, &warm, &end, r.Growth, verdict)
	return nil
}
