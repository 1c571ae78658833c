package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/internal/machine"
)

// soakFlags bound a soak.
type soakFlags struct{ images, callers int }

// soakGrowth is how far memory may grow after the warm-up.
const soakGrowth = 1.05

// soakReport is what bench soak prints.
type soakReport struct {
	Model  string  `json:"model"`
	Images int     `json:"images"`
	RSS    []int64 `json:"rss"`    // resident bytes, at equal distances
	Warm   int64   `json:"warm"`   // median of the second fifth
	End    int64   `json:"end"`    // median of the last fifth
	Peak   int64   `json:"peak"`   // most of all
	Growth float64 `json:"growth"` // end by warm
	Flat   bool    `json:"flat"`   // growth is at most 1.05
}

func (a *app) benchSoakCommand() *cobra.Command {
	f := soakFlags{}
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "See whether memory stays flat over many images",
		Long: `Soak starts a server of its own, as "bench encode" does, and sends it images of mixed sizes and formats. It prints the
process's resident memory as it goes, and whether that grew by more than 5 %. The first fifth of the images is for
warming up: buffers and the heap find their sizes, each on its first large image. Then the median of the last fifth is
held against that of the second, so that a leak has three fifths of the images to show itself, and what one moment
happens to hold decides nothing. Exit status: 0 when it is flat, else 1.`,
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

// soakSamples is how often memory is read; soakRows of that are printed.
const soakSamples, soakRows = 100, 20

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

// judge compares the last fifth with the second.
func (r *soakReport) judge() {
	fifth := len(r.RSS) / 5
	r.Warm, r.End, r.Peak = median(r.RSS[fifth:2*fifth]), median(r.RSS[len(r.RSS)-fifth:]), slices.Max(r.RSS)
	r.Growth = quotient(float64(r.End), float64(r.Warm))
	r.Flat = r.Growth <= soakGrowth
}

// median of at least one; of two in the middle, the larger.
func median(list []int64) int64 {
	return slices.Sorted(slices.Values(list))[len(list)/2]
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
	rows := make([][]string, soakRows)
	for i := range rows {
		sample := (i+1)*len(r.RSS)/soakRows - 1
		bytes := sizeValue(r.RSS[sample])
		rows[i] = []string{fmt.Sprint((sample + 1) * r.Images / len(r.RSS)), bytes.String()}
	}
	if err := a.table([]column{{title: "images", right: true}, {title: "memory", right: true}}, rows); err != nil {
		return err
	}
	verdict := "flat"
	if !r.Flat {
		verdict = "it grew"
	}
	warm, end, peak := sizeValue(r.Warm), sizeValue(r.End), sizeValue(r.Peak)
	a.note("model %s: median of the second fifth %v, of the last %v, × %.3f: %s; at most %v", r.Model, &warm, &end, r.Growth, verdict, &peak)
	return nil
}
