package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
)

// gallery holds images with their thumbnails, and takes each for near the others.
type gallery struct {
	items      []space.Item
	thumbnails map[string][]byte
}

func (g *gallery) add(t testing.TB, id string, img image.Image) *space.Item {
	t.Helper()
	if g.thumbnails == nil {
		g.thumbnails = map[string][]byte{}
	}
	vector, err := space.Normalize([]float32{1, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Size()
	hash, quality := Hash(img)
	g.items = append(g.items, space.Item{ID: id, Kind: space.Image, Vector: vector, SHA256: "bytes of " + id, Picture: &space.Picture{
		Format: "jpeg", Width: size.X, Height: size.Y, Bytes: int64(size.X * size.Y / 8), PixelSHA256: "pixels of " + id, Hash: hash, HashQuality: quality,
	}})
	g.thumbnails[id] = jpegBytes(t, img, 85)
	return &g.items[len(g.items)-1]
}

func (g *gallery) SelfJoin(_ context.Context, least float64, yield func(a, b string, cosine float64) error) error {
	for i, a := range g.items {
		for _, b := range g.items[:i] {
			if c := a.Vector.Cosine(b.Vector); c >= least {
				if err := yield(a.ID, b.ID, c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (g *gallery) Cosines(a string, others []string) []float64 {
	vectors := map[string]space.Vector{}
	for _, item := range g.items {
		vectors[item.ID] = item.Vector
	}
	cosines := make([]float64, len(others))
	for i, b := range others {
		cosines[i] = vectors[a].Cosine(vectors[b])
	}
	return cosines
}

func (g *gallery) Thumbnail(_ context.Context, id string) ([]byte, error) {
	if data, ok := g.thumbnails[id]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("thumbnail of %s: %w", id, space.ErrNotFound)
}

func decodeImage(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// newRandom is a source of random numbers whose seed a failing test tells.
func newRandom(t testing.TB, seed uint64) *rand.Rand {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 1))
}

// summary writes groups as original ← copy (evidence, transform) for comparison.
func summary(groups []space.Group) []string {
	var lines []string
	for _, g := range groups {
		for _, m := range g.Copies {
			lines = append(lines, fmt.Sprintf("%s <- %s: %s %s", g.Original.ID, m.Item.ID, m.Proof.Evidence, m.Proof.Transform))
		}
	}
	return lines
}

// copies is a gallery of two originals with copies of all kinds, and three pictures without any.
func copies(t testing.TB) *gallery {
	t.Helper()
	var g gallery
	cat, dog := scene(100, 480, 360), scene(101, 360, 480)
	g.add(t, "cat", cat)
	g.add(t, "cat again", cat).SHA256 = "bytes of cat"
	g.add(t, "cat repacked", cat).Picture.PixelSHA256 = "pixels of cat"
	g.add(t, "cat small", resize(cat, 0.5))
	g.add(t, "cat mirrored", resize(turned(cat, mirrored), 0.9))
	g.add(t, "cat cropped", cropped(cat, .1, .05, .05, .1))
	g.add(t, "cat cropped and mirrored", turned(cropped(cat, .0, .1, .15, .1), mirrored))
	g.add(t, "dog", dog)
	g.add(t, "dog on its side", resize(turned(dog, rotated90), 0.75))
	for seed := range uint64(3) {
		g.add(t, fmt.Sprintf("other %d", seed), scene(200+seed, 400, 300))
	}
	return &g
}

func TestFindTellsCopiesAndTheirEvidence(t *testing.T) {
	g := copies(t)
	groups, err := Find(context.Background(), g.items, g, g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"cat <- cat again: same bytes ",
		"cat <- cat cropped: crop ",
		"cat <- cat cropped and mirrored: crop mirrored",
		"cat <- cat mirrored: perceptual hash mirrored",
		"cat <- cat repacked: same pixels ",
		"cat <- cat small: perceptual hash ",
		"dog <- dog on its side: perceptual hash rotated 90°",
	}
	if got := summary(groups); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFindIsTheSameInAnyOrder(t *testing.T) {
	g := copies(t)
	want, err := Find(context.Background(), g.items, g, g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 2 {
		rnd.Shuffle(len(g.items), func(i, j int) { g.items[i], g.items[j] = g.items[j], g.items[i] })
		got, err := Find(context.Background(), g.items, g, g, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %q\nwant %q", summary(got), summary(want))
		}
	}
}

func TestFindWithLessEvidence(t *testing.T) {
	g := copies(t)
	for name, c := range map[string]struct {
		neighbours Neighbours
		opts       Options
		want       int
	}{
		"no vectors":        {nil, Options{}, 5},
		"vectors off":       {g, Options{MinCosine: 2}, 5},
		"neither is hashed": {nil, Options{MaxDistance: -1}, 2},
	} {
		groups, err := Find(context.Background(), g.items, c.neighbours, g, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := summary(groups); len(got) != c.want {
			t.Errorf("%s: %d copies: %q", name, len(got), got)
		}
	}
}

// TestVectorsProveSimilarPicturesOnly: however near they are.
func TestVectorsProveSimilarPicturesOnly(t *testing.T) {
	var g gallery
	g.add(t, "a", scene(1, 320, 240))
	g.add(t, "b", scene(2, 160, 120))
	for name, thumbnails := range map[string]Thumbnails{"with thumbnails": &g, "without": nil} {
		groups, err := Find(context.Background(), g.items, &g, thumbnails, Options{})
		if err != nil || len(groups) != 0 {
			t.Error(name, summary(groups), err)
		}
		groups, err = Find(context.Background(), g.items, &g, thumbnails, Options{Similar: true})
		if err != nil || !slices.Equal(summary(groups), []string{"a <- b: vector "}) || groups[0].Level != space.Similar {
			t.Error(name, summary(groups), err)
		}
	}
}

func TestFeaturelessPicturesProveNothing(t *testing.T) {
	var g gallery
	for i := range 3 {
		blank := image.NewGray(image.Rect(0, 0, 200+i, 100))
		for p := range blank.Pix {
			blank.Pix[p] = uint8(60 * i)
		}
		g.add(t, fmt.Sprint("blank ", i), blank)
	}
	if groups, err := Find(context.Background(), g.items, &g, &g, Options{}); err != nil || len(groups) != 0 {
		t.Error(summary(groups), err)
	}
}

func TestOriginalIsTheBestThenTheOldest(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2020, 1, n, 0, 0, 0, 0, time.UTC) }
	item := func(id string, width int, bytes int64, modified time.Time) space.Item {
		return space.Item{ID: id, Kind: space.Image, SHA256: "x", Picture: &space.Picture{Width: width, Height: 10, Bytes: bytes, Modified: modified}}
	}
	for _, c := range []struct {
		want  string
		items []space.Item
	}{
		{"wide", []space.Item{item("a", 10, 99, day(1)), item("wide", 11, 1, day(2))}},
		{"heavy", []space.Item{item("a", 10, 1, day(1)), item("heavy", 10, 2, day(2))}},
		{"old", []space.Item{item("a", 10, 1, day(2)), item("old", 10, 1, day(1))}},
		{"a", []space.Item{item("b", 10, 1, day(1)), item("a", 10, 1, day(1))}},
	} {
		groups, err := Find(context.Background(), c.items, nil, nil, Options{})
		if err != nil || len(groups) != 1 || groups[0].Original.ID != c.want {
			t.Errorf("want %s: %+v, %v", c.want, groups, err)
		}
	}
}

// TestGroupsHoldWhatTheyProve makes hashes in long rows, each near the next, and looks at every group: no row may
// become one group, each member's proof must be true, and no pair of originals may be copies.
func TestGroupsHoldWhatTheyProve(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 11))
	var items []space.Item
	for row := range 40 {
		h := randomHash(rnd)
		for place := range 12 {
			for range rnd.IntN(25) { // a step of up to 24 bits
				h[rnd.IntN(4)] ^= 1 << rnd.IntN(64)
			}
			hash := transform(rnd.IntN(int(transforms))).hash(h)
			items = append(items, space.Item{ID: fmt.Sprintf("%02d-%02d", row, place), Kind: space.Image,
				Picture: &space.Picture{Width: 10 + rnd.IntN(5), Height: 10, Hash: hash, HashQuality: 80}})
		}
	}
	groups, err := Find(context.Background(), items, nil, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	medoids := make([]space.Hash256, len(groups))
	for i, g := range groups {
		medoids[i] = medoidOf(t, g).Picture.Hash
		seen[g.Original.ID] = true
		for _, m := range g.Copies {
			against := medoidOf(t, g)
			if m.Item.ID == against.ID {
				against = g.Original
			}
			var named transform
			for named.String() != m.Proof.Transform {
				named++
			}
			d := named.hash(against.Picture.Hash).Distance(m.Item.Picture.Hash)
			if d != m.Proof.Distance || d > DefaultMaxDistance || m.Proof.Evidence != space.Perceptual || m.Proof.Level != space.Duplicate {
				t.Errorf("%s <- %s: %+v, but the distance is %d", against.ID, m.Item.ID, m.Proof, d)
			}
			if seen[m.Item.ID] {
				t.Errorf("%s is in two groups", m.Item.ID)
			}
			seen[m.Item.ID] = true
		}
	}
	for i, m := range medoids {
		for j, other := range medoids[:i] {
			if _, d := nearestTransform(m, other); d <= DefaultMaxDistance {
				t.Errorf("medoids %s and %s are %d apart", groups[i].Medoid, groups[j].Medoid, d)
			}
		}
	}
	if len(groups) < 41 || len(seen) < 100 {
		t.Errorf("%d groups, %d copies: the rows were not parted, or not found", len(groups), len(seen))
	}
}

// medoidOf is the item that the group names as its medoid.
func medoidOf(t *testing.T, g space.Group) space.Item {
	t.Helper()
	if g.Medoid == g.Original.ID {
		return g.Original
	}
	for _, m := range g.Copies {
		if m.Item.ID == g.Medoid {
			return m.Item
		}
	}
	t.Fatalf("the group of %s has no member %s, its medoid", g.Original.ID, g.Medoid)
	return space.Item{}
}

func TestFindStopsWhenCancelled(t *testing.T) {
	g := copies(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Find(ctx, g.items, g, g, Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
