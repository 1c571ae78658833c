package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/internal/dupeset"
	"github.com/clipd/clipd/internal/machine"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
	"github.com/clipd/clipd/space/dedup"
)

// Shares of the large collection: of 100 sources, so many have copies, and so many are bursts.
const (
	copiedShare = 8
	burstShare  = 3
	scaleDim    = 384
	scaleDraws  = 280 // different pictures; the rest of the collection shows these, with hashes and vectors of their own
)

// noModel is the encoder of a collection whose vectors are given.
type noModel struct{}

var errNoModel = errors.New("the vectors are given")

func (noModel) Fingerprint() space.Fingerprint {
	return space.Fingerprint{Model: "given", Digest: strings.Repeat("0", 64), Dim: scaleDim}
}
func (noModel) EncodeTexts(context.Context, []string) ([]space.Vector, error) { return nil, errNoModel }
func (noModel) DecodePicture(string, []byte, preprocess.Limits) (*preprocess.Picture, error) {
	return nil, errNoModel
}
func (noModel) EncodePictures(context.Context, []*preprocess.Picture) ([]space.Vector, error) {
	return nil, errNoModel
}

func (noModel) Pixels(*preprocess.Picture) ([]float32, error) { return nil, errNoModel }
func (noModel) EncodePixels(context.Context, []float32) (space.Vector, error) {
	return space.Vector{}, errNoModel
}

// shown is what a drawn picture looks like in the collection: as it is, compressed, and a moment later.
type shown struct{ itself, compressed, moved []byte }

// runScale fills a collection with o.scale pictures, about a third of them with copies or in bursts, and groups it.
func runScale(ctx context.Context, o options) (err error) {
	library, err := catalog.Open(filepath.Join(o.dir, "scale"), noModel{}, catalog.Options{DuplicateCosine: 0.95})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, library.Close(), os.RemoveAll(filepath.Join(o.dir, "scale"))) }()
	c, err := library.Create(ctx, "scale", catalog.Settings{})
	if err != nil {
		return err
	}
	begun := time.Now()
	copies, err := fillScale(ctx, c, o.scale)
	if err != nil {
		return err
	}
	fmt.Printf("%d images filed in %.0f s; %d of them copies\n", o.scale, time.Since(begun).Seconds(), copies)
	for _, similar := range []bool{false, true} {
		begun, used := time.Now(), machine.Used()
		groups, err := c.Duplicates(ctx, space.DuplicateQuery{Similar: similar, Decided: true})
		if err != nil {
			return err
		}
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

// fillScale puts the pictures in and says how many of them are copies.
func fillScale(ctx context.Context, c *catalog.Catalog, n int) (copies int, err error) {
	rnd := rand.New(rand.NewPCG(6, 6))
	pool, err := drawScale()
	if err != nil {
		return 0, err
	}
	var entries []space.Entry
	put := func(thumbnail []byte, hash space.Hash256, vector space.Vector, width int) error {
		id := fmt.Sprintf("%07d", n)
		n--
		entries = append(entries, space.Entry{Thumbnail: thumbnail, Item: space.Item{
			ID: id, Kind: space.Image, Source: "/pictures/" + id + ".jpg", SHA256: fmt.Sprintf("%064d", n), Vector: vector,
			Picture: &space.Picture{Format: "jpeg", Width: width, Height: width * 3 / 4, Bytes: int64(width * 400),
				PixelSHA256: fmt.Sprintf("%064x", rnd.Uint64()), Hash: hash, HashQuality: 90},
		}})
		if len(entries) < 1000 && n > 0 {
			return nil
		}
		_, err := c.Put(ctx, entries)
		entries = nil
		return err
	}
	for source := 0; n > 0; source++ {
		p := pool[source%len(pool)]
		hash, vector := space.Hash256{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}, anyVector(rnd)
		if err := put(p.itself, hash, vector, 4000); err != nil {
			return copies, err
		}
		kind := rnd.IntN(100)
		for range rnd.IntN(6) {
			if kind >= copiedShare+burstShare || n == 0 {
				break
			}
			thumbnail, bits, noise := p.compressed, 12, 0.12
			if kind >= copiedShare { // a burst
				thumbnail, bits, noise = p.moved, 45, 0.25
			} else {
				copies++
			}
			if err := put(thumbnail, flip(hash, rnd.IntN(bits), rnd), besides(vector, noise, rnd), 1000+rnd.IntN(2000)); err != nil {
				return copies, err
			}
		}
	}
	return copies, nil
}

func drawScale() ([]shown, error) {
	var pool []shown
	encode := func(img image.Image, quality int) []byte {
		var out bytes.Buffer
		_ = jpeg.Encode(&out, imaging.Fit(img, 320, 320, imaging.Linear), &jpeg.Options{Quality: quality}) // a buffer takes all
		return out.Bytes()
	}
	for i := range scaleDraws {
		alike := dupeset.NewAlike(i * len(dupeset.AlikeKinds)) // bursts
		pool = append(pool, shown{encode(alike.Images[0], 82), encode(alike.Images[0], 40), encode(alike.Images[1], 82)})
	}
	return pool, nil
}

func flip(h space.Hash256, n int, rnd *rand.Rand) space.Hash256 {
	for range n {
		h[rnd.IntN(4)] ^= 1 << rnd.IntN(64)
	}
	return h
}

// anyVector lies about a common mean, as those of pictures do: cosines of two are about 0.5.
func anyVector(rnd *rand.Rand) space.Vector {
	raw := make([]float32, scaleDim)
	for i := range raw {
		raw[i] = 1 + float32(rnd.NormFloat64())
	}
	v, err := space.Normalize(raw)
	if err != nil {
		panic(err) // it is not zero
	}
	return v
}

// besides is a vector at an angle whose tangent is noise.
func besides(v space.Vector, noise float64, rnd *rand.Rand) space.Vector {
	raw := append([]float32(nil), v.Components()...)
	for i := range raw {
		raw[i] += float32(noise * rnd.NormFloat64() / 19.6) // √384
	}
	out, err := space.Normalize(raw)
	if err != nil {
		panic(err)
	}
	return out
}

// peakMemory is the most that the process had in memory, where /proc tells it.
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, is := strings.CutPrefix(line, "VmHWM:"); is {
			kib, _ := strconv.Atoi(strings.Fields(rest)[0])
			return fmt.Sprintf("%d MB", kib*1024/1_000_000)
		}
	}
	return "unknown"
}

// runCheck measures the check of one picture with o.check hashes, without its encoding and the search by vector.
func runCheck(ctx context.Context, o options) error {
	rnd := rand.New(rand.NewPCG(7, 7))
	pool, err := drawScale()
	if err != nil {
		return err
	}
	var hashes dedup.Hashes
	all := make([]space.Hash256, o.check)
	begun := time.Now()
	for i := range all {
		all[i] = space.Hash256{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}
		if i%10 == 1 {
			all[i] = flip(all[i-1], 12, rnd)
		}
		hashes.Put(uint32(i), all[i])
	}
	hashes.Build()
	fmt.Printf("%d hashes indexed in %.1f s; most memory so far %s\n", o.check, time.Since(begun).Seconds(), peakMemory())
	var near, compare []time.Duration
	for range 200 {
		i := rnd.IntN(o.check)
		hash := flip(all[i], 8, rnd)
		before := machine.Used()
		slots := hashes.Near(hash, dedup.Options{})
		near = append(near, machine.Used()-before)
		p := pool[rnd.IntN(len(pool))]
		thumbs := thumbnails{}
		var candidates []dedup.Candidate
		add := func(id string, hash space.Hash256, hashed bool, thumbnail []byte) {
			thumbs[id] = thumbnail
			candidates = append(candidates, dedup.Candidate{Hashed: hashed, Cosine: 0.9, Item: space.Item{ID: id, Kind: space.Image,
				Picture: &space.Picture{Width: 1, Height: 1, Hash: hash, HashQuality: 90}}})
		}
		for _, slot := range slots {
			add(fmt.Sprint(slot), all[slot], true, p.itself)
		}
		for k := range 16 { // the nearest by vector
			add(fmt.Sprint("near ", k), space.Hash256{rnd.Uint64()}, false, pool[rnd.IntN(len(pool))].itself)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.compressed))
		if err != nil {
			return err
		}
		probe := dedup.Probe{Image: img, Item: space.Item{Kind: space.Image, Picture: &space.Picture{Hash: hash, HashQuality: 90}}}
		before = machine.Used()
		matches, err := dedup.Check(ctx, probe, candidates, thumbs, dedup.Options{})
		compare = append(compare, machine.Used()-before)
		if err != nil {
			return err
		}
		if len(matches) == 0 || matches[0].Proof.Level != space.Duplicate {
			return fmt.Errorf("hash %d: its copy was not found", i)
		}
	}
	fmt.Printf("processor time: near hashes %s; comparison of thumbnails %s\n", quantiles(near), quantiles(compare))
	return nil
}

// quantiles are the median, the 95th and the 99th percentile of some times.
func quantiles(times []time.Duration) string {
	slices.Sort(times)
	at := func(share float64) string {
		return fmt.Sprintf("%.2f ms", float64(times[int(share*float64(len(times)-1))].Microseconds())/1000)
	}
	return fmt.Sprintf("median %s, 95 %% within %s, 99 %% within %s", at(0.5), at(0.95), at(0.99))
}

// thumbnails are those of a few items.
type thumbnails map[string][]byte

func (t thumbnails) Thumbnail(_ context.Context, id string) ([]byte, error) { return t[id], nil }
