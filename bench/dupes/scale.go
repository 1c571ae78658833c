package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/procfs"

	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// Shares of the large collection: of 100 sources, so many have copies, and so many are bursts.
const (
	copiedShare = 8
	burstShare  = 3
	scaleDim    = 384
	scaleDraws  = 280  // different pictures; the rest of the collection shows these, with hashes and vectors of their own
	filedAtOnce = 2000 // records
)

// runScale fills a collection with o.scale pictures, about a ninth of them with copies or in bursts, and groups it.
func runScale(ctx context.Context, o options) (err error) {
	dir := filepath.Join(o.dir, fmt.Sprint("scale-", o.scale))
	c, done, err := openFilled(ctx, dir, &given{dim: scaleDim}, o, func(c *catalog.Catalog) error { return fillScale(ctx, c, o.scale) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	for _, similar := range []bool{false, true} {
		begun, used := time.Now(), machine.Used()
		stages := newStages()
		groups, err := c.Duplicates(ctx, space.DuplicateQuery{Similar: similar, Decided: true, Progress: stages.at})
		if err != nil {
			return err
		}
		stages.at("", 0, 0)
		taken, worked := time.Since(begun), machine.Used()-used
		members := map[space.Level]int{}
		for _, g := range groups {
			members[g.Level] += len(g.Copies)
		}
		fmt.Printf("similar %v: %d groups, %d duplicates, %d similar pictures in %.1f s, %.1f s of processor time; most memory so far %s\n",
			similar, len(groups), members[space.Duplicate], members[space.Similar], taken.Seconds(), worked.Seconds(), peakMemory())
	}
	return nil
}

// openFilled is a collection in a folder: a new one that is filled, or with o.keep the one that an earlier run left. done
// closes it, and deletes it unless it is kept.
func openFilled(ctx context.Context, dir string, encoder catalog.Encoder, o options, fill func(*catalog.Catalog) error) (c *catalog.Catalog, done func() error, err error) {
	if _, err := os.Stat(dir); err != nil || !o.keep {
		if err := fillAnew(ctx, dir, encoder, fill); err != nil {
			return nil, nil, err
		}
	}
	library, err := catalog.Open(dir, encoder, catalog.Options{DuplicateCosine: 0.95})
	if err != nil {
		return nil, nil, err
	}
	done = func() error {
		err := library.Close()
		if !o.keep {
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return err
	}
	if c, err = library.Collection(ctx, filledName); err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return c, done, nil
}

const filledName = "filled"

// fillAnew makes a folder with a collection; one that is there goes. An unfinished one has another name.
func fillAnew(ctx context.Context, dir string, encoder catalog.Encoder, fill func(*catalog.Catalog) error) error {
	part := dir + ".part"
	if err := errors.Join(os.RemoveAll(part), os.RemoveAll(dir)); err != nil {
		return err
	}
	library, err := catalog.Open(part, encoder, catalog.Options{})
	if err != nil {
		return err
	}
	c, err := library.Create(ctx, filledName, catalog.Settings{})
	if err == nil {
		err = fillTimed(ctx, c, fill)
	}
	if err = errors.Join(err, library.Close()); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return os.Rename(part, dir)
}

// fillTimed fills a collection and waits for its words, so that nothing else goes on while the rest is measured.
func fillTimed(ctx context.Context, c *catalog.Catalog, fill func(*catalog.Catalog) error) error {
	begun, used := time.Now(), machine.Used()
	if err := fill(c); err != nil {
		return err
	}
	d, err := c.Describe(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d images filed in %.0f s, %.0f s of processor time", d.Images, time.Since(begun).Seconds(), (machine.Used() - used).Seconds())
	for ; d.WordsBehind > 0 && err == nil && ctx.Err() == nil; d, err = c.Describe(ctx) {
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Printf("; with their words in %.0f s\n", time.Since(begun).Seconds())
	return errors.Join(err, ctx.Err())
}

// filer puts records in, many at once.
type filer struct {
	c       *catalog.Catalog
	records []catalog.Record
}

func (f *filer) add(ctx context.Context, record catalog.Record) error {
	if f.records = append(f.records, record); len(f.records) < filedAtOnce {
		return nil
	}
	return f.flush(ctx)
}

func (f *filer) flush(ctx context.Context) error {
	results, err := f.c.Import(ctx, f.records)
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	f.records = f.records[:0]
	return err
}

// fillScale puts the pictures in.
func fillScale(ctx context.Context, c *catalog.Catalog, n int) error {
	rnd := rand.New(rand.NewPCG(6, 6))
	pool := draw(scaleDraws)
	f := filer{c: c}
	put := func(thumbnail []byte, hash space.Hash256, vector space.Vector, width int) error {
		id := fmt.Sprintf("%07d", n)
		n--
		return f.add(ctx, catalog.Record{Thumbnail: thumbnail, Item: space.Item{
			ID: id, Kind: space.Image, Source: "/pictures/" + id + ".jpg", SHA256: fmt.Sprintf("%064d", n), Vector: vector,
			Picture: &space.Picture{Format: "jpeg", Width: width, Height: width * 3 / 4, Bytes: int64(width * 400),
				PixelSHA256: fmt.Sprintf("%064x", rnd.Uint64()), Hash: hash, HashQuality: 90, Inner: &space.Inner{}},
		}})
	}
	for source := 0; n > 0; source++ {
		p := pool[source%len(pool)]
		hash, vector := anyHash(rnd), anyVector(scaleDim, rnd)
		if err := put(p.itself, hash, vector, 4000); err != nil {
			return err
		}
		kind := rnd.IntN(100)
		for range rnd.IntN(6) {
			if kind >= copiedShare+burstShare || n == 0 {
				break
			}
			thumbnail, bits, noise := p.compressed, 12, 0.12
			if kind >= copiedShare { // a burst
				thumbnail, bits, noise = p.moved, 45, 0.25
			}
			if err := put(thumbnail, flip(hash, rnd.IntN(bits), rnd), besides(vector, noise, rnd), 1000+rnd.IntN(2000)); err != nil {
				return err
			}
		}
	}
	return f.flush(ctx)
}

// stages prints how long each stage of the grouping took.
type stages struct {
	name       string
	begun      time.Time
	used       time.Duration
	done, told int
}

func newStages() *stages { return &stages{name: "reading", begun: time.Now(), used: machine.Used()} }

func (s *stages) at(stage string, done, total int) {
	if stage == s.name {
		if s.done = done; total > 0 && done*10/total > s.told {
			s.told = done * 10 / total
			fmt.Fprintf(os.Stderr, "\r%s: %d of %d ", stage, done, total)
		}
		return
	}
	count := ""
	if s.done > 0 {
		count = fmt.Sprintf(" of %d", s.done)
		fmt.Fprint(os.Stderr, "\r")
	}
	fmt.Printf("  %-16s %6.1f s, %6.1f s of processor time%s\n", s.name, time.Since(s.begun).Seconds(), (machine.Used() - s.used).Seconds(), count)
	*s = stages{name: stage, begun: time.Now(), used: machine.Used(), done: done}
}

// peakMemory is the most that the process had in memory, where /proc tells it.
func peakMemory() string {
	if self, err := procfs.Self(); err == nil {
		if status, err := self.NewStatus(); err == nil {
			return fmt.Sprintf("%d MB", status.VmHWM/1_000_000)
		}
	}
	return "unknown"
}
