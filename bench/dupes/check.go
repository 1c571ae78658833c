package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/knn/synthetic"
)

// Numbers of the check.
const (
	checkDim    = 512
	checkDraws  = 200 // pictures that are checked as copies; as many are checked that are none
	checkNear   = 16  // of the nearest to each, that get a thumbnail
	checkBits   = 12  // of a copy's hash that differ
	checkNoise  = 0.12
	checkWarmup = 10
)

// runCheck measures the check of one picture in a collection of o.check images: what it takes beyond decoding and encoding.
// Half of the pictures are copies of something there, half are not. Vectors are synthetic.Space's; thumbnails have only
// those images that a check may look at.
func runCheck(ctx context.Context, o options) (err error) {
	encoder := &given{dim: checkDim}
	b := &checkBench{space: synthetic.New(checkDim, 7), pool: draw(2 * checkDraws), encoder: encoder, n: o.check}
	dir := filepath.Join(o.dir, fmt.Sprint("check-", o.check))
	c, done, err := openFilled(ctx, dir, encoder, o, func(c *catalog.Catalog) error { return b.fill(ctx, c) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	b.c = c
	if err := b.show(ctx, c); err != nil {
		return err
	}
	return b.measure(ctx)
}

type checkBench struct {
	space   *synthetic.Space
	pool    []shown // the first half are in the collection
	encoder *given
	c       *catalog.Catalog
	n       int
}

// vector is that of the i-th image.
func (b *checkBench) vector(i int) space.Vector {
	raw := make([]float32, checkDim)
	b.space.Image(i, raw)
	return unit(raw)
}

// fill files the images.
func (b *checkBench) fill(ctx context.Context, c *catalog.Catalog) error {
	rnd := rand.New(rand.NewPCG(7, 7))
	f := filer{c: c}
	for i := range b.n {
		hash, quality := anyHash(rnd), 90
		if i < checkDraws {
			hash, quality = b.pool[i].hash, b.pool[i].quality
		}
		if err := f.add(ctx, b.record(i, hash, quality, nil)); err != nil {
			return err
		}
	}
	return f.flush(ctx)
}

func (b *checkBench) record(i int, hash space.Hash256, quality int, thumbnail []byte) catalog.Record {
	return catalog.Record{Thumbnail: thumbnail, Item: space.Item{
		ID: fmt.Sprintf("%08d", i), Kind: space.Image, Vector: b.vector(i), SHA256: fmt.Sprintf("%064d", i),
		Picture: &space.Picture{Format: "jpeg", Width: 1600, Height: 1200, Bytes: 400_000, PixelSHA256: fmt.Sprintf("%064x", i),
			Hash: hash, HashQuality: quality, Inner: &space.Inner{}},
	}}
}

// show gives thumbnails: to the originals their own, to what is near a picture that will be checked another's.
func (b *checkBench) show(ctx context.Context, c *catalog.Catalog) error {
	f := filer{c: c}
	have := map[string]bool{}
	for i := range 2 * checkDraws {
		answer, err := c.Search(ctx, space.Query{Vector: b.probe(i), Mode: space.VectorOnly, K: checkNear})
		if err != nil {
			return err
		}
		for k, hit := range answer.Hits {
			id := hit.Item.ID
			if have[id] {
				continue
			}
			have[id] = true
			it, err := c.Get(ctx, id)
			if err != nil {
				return err
			}
			thumbnail := b.pool[(i+k+1)%len(b.pool)].moved
			number, err := strconv.Atoi(id)
			if err != nil {
				return err
			}
			if number < checkDraws {
				thumbnail = b.pool[number].itself
			}
			if err := f.add(ctx, catalog.Record{Item: it, Thumbnail: thumbnail}); err != nil {
				return err
			}
		}
	}
	return f.flush(ctx)
}

// probe is the vector of the i-th picture that is checked: beside its original's, or like no other.
func (b *checkBench) probe(i int) space.Vector {
	if i < checkDraws {
		return besides(b.vector(i), checkNoise, rand.New(rand.NewPCG(8, uint64(i))))
	}
	return b.vector(b.n + i)
}

func (b *checkBench) measure(ctx context.Context) error {
	order := rand.New(rand.NewPCG(9, 9)).Perm(2 * checkDraws)
	var warm, copied, others taken
	begun := time.Now()
	for round, i := range append(order[:checkWarmup:checkWarmup], order...) {
		b.encoder.next = b.probe(i)
		before := machine.Used()
		check, timing, err := b.c.CheckCopy(ctx, b.pool[i].compressed, fmt.Sprint("drawing ", i), space.DuplicateQuery{})
		if err != nil {
			return err
		}
		if round == 0 {
			fmt.Printf("the first check, which reads all hashes, in %.1f s; most memory so far %s\n", time.Since(begun).Seconds(), peakMemory())
		}
		isCopy := check.Level == space.Duplicate && (i >= checkDraws || check.Matches[0].Item.ID == fmt.Sprintf("%08d", i))
		into := &others
		switch {
		case round < checkWarmup:
			into = &warm
		case i < checkDraws:
			into = &copied
		}
		into.add(timing.Search, machine.Used()-before, isCopy)
	}
	d, err := b.c.Describe(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%d images, tier %s, %s\n", d.Images, d.Tier, machine.CPU())
	fmt.Printf("copies: %d of %d found; beyond encoding %s\n", copied.copies, len(copied.search), quantiles(copied.search))
	fmt.Printf("others: %d taken for copies of %d; beyond encoding %s\n", others.copies, len(others.search), quantiles(others.search))
	all := append(slices.Clone(copied.search), others.search...)
	fmt.Printf("all: %s\n", quantiles(all))
	fmt.Printf("processor time of all, with decoding and hashing: %s\n", quantiles(append(copied.used, others.used...)))
	if copied.copies < len(copied.search)*9/10 || others.copies > len(others.search)/100 {
		return errors.New("the check does not tell copies from others: its times say nothing")
	}
	return nil
}

// taken are the times of some checks.
type taken struct {
	search, used []time.Duration
	copies       int
}

func (t *taken) add(search, used time.Duration, isCopy bool) {
	t.search, t.used = append(t.search, search), append(t.used, used)
	if isCopy {
		t.copies++
	}
}

// quantiles are the median, the 95th and the 99th percentile of some times.
func quantiles(times []time.Duration) string {
	slices.Sort(times)
	at := func(share float64) string {
		return fmt.Sprintf("%.2f ms", float64(times[int(share*float64(len(times)-1))].Microseconds())/1000)
	}
	return fmt.Sprintf("median %s, 95 %% within %s, 99 %% within %s", at(0.5), at(0.95), at(0.99))
}
