package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/internal/machine"
)

// indexResult is what indexing photographs of one kind cost.
type indexResult struct {
	Name   string  `json:"name"`
	Bytes  int     `json:"bytes"` // of an average file
	Images int     `json:"images"`
	Rate   float64 `json:"per_second"`
	CPU    float64 `json:"cpu_ms"` // processor time of an image
	Busy   float64 `json:"busy"`   // processors at work, on average
	Peak   int64   `json:"rss"`    // most resident bytes seen
	Again  float64 `json:"again_seconds"`
}

// indexReport is what bench index prints.
type indexReport struct {
	Model   string        `json:"model"`
	CPU     string        `json:"cpu"`
	Threads int           `json:"threads"`
	Load    float64       `json:"load"` // average of the last minute before
	Results []indexResult `json:"results"`
}

// indexKinds are the photographs that bench index draws.
var indexKinds = []struct {
	name   string
	size   size
	turned bool
}{
	{"4000×3000", size{4000, 3000}, false},
	{"4000×3000, held upright", size{4000, 3000}, true},
	{"1600×1200", size{1600, 1200}, false},
}

// mostDrawn is how many photographs of a kind are drawn; further files hold the same ones again, which costs as much to
// index as others would.
const mostDrawn = 8

func (a *app) benchIndexCommand() *cobra.Command {
	images := 100
	cmd := &cobra.Command{
		Use:   "index",
		Short: "See how long a folder of photographs takes",
		Long: `Index draws photographs, JPEGs of 12 and of 2 megapixels, into a folder of its own and takes them into a new collection, as
"clipd index" does, with everything in this process. It prints images a second, processor time of an image, how many
processors were at work, the most memory, and how long a second run over the unchanged folder takes. Photographs held
upright are stored on their side, with a note that says so, as phones do. Folder and collection are removed at the end.`,
		Example: "  clipd bench index\n  clipd bench index --images 300 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if images < 1 || images > 10_000 {
				return usagef("--images %d: want 1 to 10,000", images)
			}
			return a.benchIndex(cmd.Context(), images)
		},
	}
	cmd.Flags().IntVar(&images, "images", images, "photographs of each kind; 12 megapixels take 2 MB each on disk")
	return cmd
}

func (a *app) benchIndex(ctx context.Context, images int) (err error) {
	dir, err := os.MkdirTemp("", "clipd-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	a.settings.models, a.settings.data, a.settings.towers.load = a.modelsDir(), filepath.Join(dir, "data"), loadAtStart
	report := indexReport{CPU: machine.CPU(), Threads: a.settings.threadCount(), Load: machine.Load()}
	c, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	report.Model = status.Model.Fingerprint.String()
	for i, kind := range indexKinds {
		result := indexResult{Name: kind.name, Images: images}
		folder := filepath.Join(dir, fmt.Sprint("photos", i))
		if result.Bytes, err = drawFolder(ctx, folder, kind.size, kind.turned, images); err != nil {
			return err
		}
		if err := a.measureIndex(ctx, c, folder, fmt.Sprint("bench", i), &result); err != nil {
			return err
		}
		report.Results = append(report.Results, result)
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return a.printIndex(report)
}

// drawFolder fills a new folder with photographs and says how large one is on average.
func drawFolder(ctx context.Context, folder string, of size, turned bool, images int) (bytes int, err error) {
	photos, err := benchPhotos(of, min(images, mostDrawn))
	if err != nil {
		return 0, err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return 0, err
	}
	for i := range images {
		photo := photos[i%len(photos)]
		if turned {
			photo = heldUpright(photo)
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%05d.jpg", i)), photo, 0o644); err != nil {
			return 0, err
		}
		bytes += len(photo)
	}
	return bytes / images, nil
}

// heldUpright is a JPEG with an EXIF segment that says orientation 6: to be turned clockwise.
func heldUpright(photo []byte) []byte {
	const orientation, short = 0x0112, 3
	exif := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01")
	exif = binary.BigEndian.AppendUint16(exif, orientation)
	exif = binary.BigEndian.AppendUint16(exif, short)
	exif = append(exif, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(2+len(exif)))
	return slices.Concat(photo[:2], segment, exif, photo[2:])
}

// measureIndex takes a folder in, twice.
func (a *app) measureIndex(ctx context.Context, c *connection, folder, collection string, r *indexResult) error {
	peak := watchMemory()
	used, begun := machine.Used(), time.Now()
	err := a.takeIn(ctx, c, folder, collection, r.Images)
	took := time.Since(begun)
	cpu := machine.Used() - used
	r.Peak = peak()
	if err != nil {
		return err
	}
	r.Rate = rate(int64(r.Images), took)
	r.CPU = cpu.Seconds() * 1000 / float64(r.Images)
	r.Busy = cpu.Seconds() / took.Seconds()
	begun = time.Now()
	err = a.takeIn(ctx, c, folder, collection, 0)
	r.Again = time.Since(begun).Seconds()
	return err
}

// takeIn indexes a folder; so many files of it must be new.
func (a *app) takeIn(ctx context.Context, c *connection, folder, collection string, fresh int) error {
	if err := ensureCollection(ctx, c, collection); err != nil {
		return err
	}
	var t tally
	if err := a.indexAll(ctx, c, []string{folder}, indexFlags{collection: collection}, &t, &summary{}); err != nil {
		return err
	}
	if t.Created != fresh || t.Failed > 0 {
		return fmt.Errorf("%d of %d photographs went in, %d failed", t.Created, fresh, t.Failed)
	}
	return nil
}

// watchMemory looks at the process's memory until the function that it gives is called, which says the most it saw.
func watchMemory() (end func() int64) {
	var (
		most    int64
		stop    = make(chan struct{})
		watcher sync.WaitGroup
	)
	watcher.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for {
			most = max(most, machine.Resident())
			select {
			case <-ticker.C:
			case <-stop:
				return
			}
		}
	})
	return func() int64 {
		close(stop)
		watcher.Wait()
		return most
	}
}

func (a *app) printIndex(report indexReport) error {
	if a.json {
		return a.writeJSON(report)
	}
	a.note("model %s, %s, %d threads, load %.1f before", report.Model, report.CPU, report.Threads, report.Load)
	rows := make([][]string, len(report.Results))
	for i, r := range report.Results {
		file, peak := sizeValue(r.Bytes), sizeValue(r.Peak)
		rows[i] = []string{
			r.Name, file.String(), fmt.Sprint(r.Images), fmt.Sprintf("%.1f", r.Rate), fmt.Sprintf("%.1f", r.CPU),
			fmt.Sprintf("%.2f", r.Busy), peak.String(), fmt.Sprintf("%.2f s", r.Again),
		}
	}
	return a.table([]column{
		{title: "photographs"}, {title: "file", right: true}, {title: "count", right: true}, {title: "images/s", right: true},
		{title: "cpu ms", right: true}, {title: "processors", right: true}, {title: "memory", right: true}, {title: "again", right: true},
	}, rows)
}
