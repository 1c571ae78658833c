package dedup

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/space"
)

// Bounds of what is kept and compared of each picture: bursts of thousands would take hours and gigabytes.
const (
	// cropMargin is how far below MinCosine a copy's cosine may lie: what was cut off or added is missing in one of the
	// vectors, while the pixels of the rest prove the copy by themselves.
	cropMargin = 0.15
	mostNear   = 24 // neighbours by vector that are kept
	mostAlike  = 16 // neighbours by hash that are kept, and compared
	// mostCompared is how many of the nearest by vector are compared, those aside that hashes name, too.
	mostCompared = 8
)

// neighbour is a node that is near by its vector.
type neighbour struct {
	node   int32
	cosine float32
}

// candidate is a node that is near by its hash.
type candidate struct {
	node      int32
	distance  uint8
	transform uint8 // from this node to that one
}

// pairOf names an unordered pair of nodes, the one of the preferred original first.
type pairOf struct{ a, b int32 }

func pair(a, b int) pairOf { return pairOf{int32(min(a, b)), int32(max(a, b))} }

func comparePairs(a, b pairOf) int { return cmp.Or(cmp.Compare(a.a, b.a), cmp.Compare(a.b, b.b)) }

// verdict is what is known of a pair that was looked at.
type verdict struct {
	proof    space.Pair // from the first to the second; of level similar: the pixels speak against a copy
	byVector bool       // it would have been looked at without its hashes
}

// joinVectors notes who is near whom by vector.
func (f *finder) joinVectors(ctx context.Context) error {
	f.near = make([][]neighbour, len(f.nodes))
	if f.neighbours == nil || f.opts.MinCosine > 1 {
		return nil
	}
	nodes := make(map[string]int, len(f.nodes))
	for n := range f.nodes {
		nodes[f.first(n).ID] = n // the others of a node are equal to it
	}
	err := f.neighbours.SelfJoin(ctx, f.leastNear(), func(a, b string, cosine float64) error {
		i, known := nodes[a]
		j, alsoKnown := nodes[b]
		if known && alsoKnown && i != j {
			f.near[i] = nearer(f.near[i], neighbour{int32(j), float32(cosine)})
			f.near[j] = nearer(f.near[j], neighbour{int32(i), float32(cosine)})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("find near vectors: %w", err)
	}
	return nil
}

// nearer puts a neighbour in its place among the nearest.
func nearer(list []neighbour, n neighbour) []neighbour {
	at, _ := slices.BinarySearchFunc(list, n, func(a, b neighbour) int {
		return cmp.Or(cmp.Compare(b.cosine, a.cosine), cmp.Compare(a.node, b.node))
	})
	if at == mostNear {
		return list
	}
	if len(list) == mostNear {
		list = list[:mostNear-1]
	}
	return slices.Insert(list, at, n)
}

// leastNear is the cosine from which pairs are looked at.
func (f *finder) leastNear() float64 {
	if f.pictures == nil {
		return f.opts.MinCosine
	}
	return f.opts.MinCosine - cropMargin
}

// joinHashes notes who is near whom by hash, on all cores.
func (f *finder) joinHashes(ctx context.Context) error {
	f.alike = make([][]candidate, len(f.nodes))
	var hashes Hashes
	for n := range f.nodes {
		for part, h := range f.opts.hashes(f.first(n)) {
			hashes.Put(uint32(2*n+part), h)
		}
	}
	hashes.Build()
	return eachOf(ctx, len(f.nodes), func(n int) error {
		for _, h := range f.opts.hashes(f.first(n)) {
			if !h.IsZero() {
				f.alike[n] = append(f.alike[n], hashes.nearest(h, f.opts.MaxDistance, mostAlike+2)...)
			}
		}
		f.alike[n] = nearestNodes(f.alike[n], n)
		return nil
	})
}

// nearestNodes are the nodes of slots that the hashes of node n are near to, each once, without n itself.
func nearestNodes(slots []candidate, n int) []candidate {
	slices.SortFunc(slots, compareCandidates)
	var nodes []candidate
	for _, c := range slots {
		c.node /= 2
		if int(c.node) != n && len(nodes) < mostAlike && !slices.ContainsFunc(nodes, func(o candidate) bool { return o.node == c.node }) {
			nodes = append(nodes, c)
		}
	}
	return nodes
}

func compareCandidates(a, b candidate) int {
	return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.node, b.node))
}

// nearest are the k hashes nearest to h in any transform, those within limit; the nearest first, equals by slot.
func (x *Hashes) nearest(h space.Hash256, limit, k int) []candidate {
	var found []candidate
	for t, transformed := range Transforms(h) {
		x.Within(transformed, limit, func(slot uint32, distance int) {
			c := candidate{int32(slot), uint8(min(distance, 255)), uint8(t)}
			if i := slices.IndexFunc(found, func(o candidate) bool { return o.node == c.node }); i >= 0 {
				if found[i].distance <= c.distance {
					return
				}
				found = slices.Delete(found, i, i+1)
			}
			if len(found) == k && compareCandidates(c, found[k-1]) > 0 {
				return
			}
			at, _ := slices.BinarySearchFunc(found, c, compareCandidates)
			found = slices.Insert(found, at, c)
			found = found[:min(len(found), k)]
		})
	}
	return found
}

// eachOf does n pieces of work on all cores, until one fails or ctx ends.
func eachOf(ctx context.Context, n int, do func(i int) error) error {
	var group errgroup.Group
	var next atomic.Int64
	for range min(n, runtime.GOMAXPROCS(0)) {
		group.Go(func() error {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := do(int(i)); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// candidates are the nodes that are joined with a node by proven copies and near it, or proven themselves.
func (f *finder) candidates(n int) []int {
	all := slices.Clone(f.nodes[n].edges)
	add := func(m int32) {
		if f.families[m] == f.families[n] {
			all = append(all, int(m))
		}
	}
	for _, c := range f.alike[n] {
		add(c.node)
	}
	for _, near := range f.near[n][:min(len(f.near[n]), mostCompared)] {
		add(near.node)
	}
	return all
}

// nearestPairs are the pairs whose pixels are compared: those of pictures that may be copies of one beside each other, so
// that they are met again while they are loaded.
func (f *finder) nearestPairs() []pairOf {
	var pairs []pairOf
	for n := range f.nodes {
		for _, c := range f.alike[n] {
			pairs = append(pairs, pair(n, int(c.node)))
		}
		if f.pictures == nil {
			continue // vectors prove no copy
		}
		for _, near := range f.near[n][:min(len(f.near[n]), mostCompared)] {
			pairs = append(pairs, pair(n, int(near.node)))
		}
	}
	clusters := f.clusters()
	slices.SortFunc(pairs, func(p, q pairOf) int {
		return cmp.Or(cmp.Compare(clusters[p.a], clusters[q.a]), comparePairs(p, q))
	})
	pairs = slices.Compact(pairs)
	return slices.DeleteFunc(pairs, func(p pairOf) bool { return f.verdicts.of[p].proof.Level != "" })
}

// clusters are, by node, the first of those that it is joined with by the nearest ones of each.
func (f *finder) clusters() []int32 {
	joined := newForest(len(f.nodes))
	for n := range f.nodes {
		for _, c := range f.alike[n][:min(len(f.alike[n]), 1)] {
			joined.join(n, int(c.node))
		}
		for _, near := range f.near[n][:min(len(f.near[n]), 1)] {
			joined.join(n, int(near.node))
		}
	}
	return joined.roots()
}

// judge compares two nodes, the first one being preferred. A level of "" says that they have nothing in common but
// maybe their vectors.
func (f *finder) judge(ctx context.Context, a, b int) (verdict, error) {
	v := verdict{byVector: f.isNear(a, b) || f.isNear(b, a)}
	var err error
	v.proof, err = prove(ctx, f.first(a), f.first(b), f.pictures, f.opts)
	return v, err
}

func (f *finder) isNear(a, b int) bool {
	list := f.near[a]
	return slices.ContainsFunc(list[:min(len(list), mostCompared)], func(n neighbour) bool { return int(n.node) == b })
}

// prove says by which evidence, and on which level, c is like o; of level "": by none. Vectors are not looked at.
//
// A pair has one answer, whichever of the two is asked about: they are looked at in the order of their contents, and what
// is seen is told from o.
func prove(ctx context.Context, o, c space.Item, views *pictures, opts Options) (space.Pair, error) {
	if proof, equal := proveEqual(o, c); equal {
		return proof, nil
	}
	if compareContents(o, c) <= 0 {
		seen, err := look(ctx, o, c, views, opts)
		return seen.proof(), err
	}
	seen, err := look(ctx, c, o, views, opts)
	return seen.reversed().proof(), err
}

// compareContents puts the picture of more pixels first, then by what all items of the same pixels share.
func compareContents(a, b space.Item) int {
	p, q := a.Picture, b.Picture
	return cmp.Or(
		cmp.Compare(q.Width*q.Height, p.Width*p.Height),
		strings.Compare(p.PixelSHA256, q.PixelSHA256),
		strings.Compare(a.SHA256, b.SHA256),
		strings.Compare(a.ID, b.ID),
	)
}

// sight is what two pictures show that are not equal, from the first to the second.
type sight struct {
	hashed        space.Pair // of level "" where hashes prove nothing
	hint          transform  // by the hashes
	first, second *view      // nil where one cannot be read: hashes alone decide
	agreement
}

// look compares the hashes of two pictures, and their pixels.
func look(ctx context.Context, first, second space.Item, views *pictures, opts Options) (s sight, err error) {
	if a, b := opts.hashes(first)[0], opts.hashes(second)[0]; !a.IsZero() && !b.IsZero() {
		hint, distance := nearestTransform(a, b)
		if distance <= opts.MaxDistance && opts.hasHash(first) && opts.hasHash(second) {
			s.hashed = space.Pair{Level: space.Duplicate, Evidence: space.Perceptual, Distance: distance, Transform: hint.String()}
		}
		if distance <= farthestHint {
			s.hint = hint
		}
	}
	if views == nil {
		return s, nil
	}
	one, two, err := views.both(ctx, first.ID, second.ID)
	if err != nil || one == nil || two == nil {
		return s, err
	}
	s.first, s.second = one, two
	s.agreement = compare(one, two, s.hint, framings(first, second, opts)...)
	return s, nil
}

// reversed is what is seen from the second picture to the first.
func (s sight) reversed() sight {
	s.hashed, s.hint = reversed(s.hashed), s.hint.inverse()
	s.first, s.second = s.second, s.first
	s.agreement = s.agreement.reversed()
	return s
}

// reversed is the proof of hashes from the second picture to the first.
func reversed(proof space.Pair) space.Pair {
	for t := range transforms {
		if t.String() == proof.Transform {
			proof.Transform = t.inverse().String()
			break
		}
	}
	return proof
}

func (s sight) proof() space.Pair {
	if s.first == nil {
		return s.hashed
	}
	if s.proves() {
		proof := s.evidence(s.first, s.second)
		if s.hashed.Level != "" && s.isWhole(s.hint) {
			proof.Evidence, proof.Distance, proof.Transform, proof.Common = s.hashed.Evidence, s.hashed.Distance, s.hashed.Transform, 0
		}
		return proof
	}
	if s.hashed.Level != "" {
		s.hashed.Level = space.Similar // the pixels speak against a copy
	}
	return s.hashed
}

// proveEqual says whether two pictures are one without a look at them.
func proveEqual(o, c space.Item) (proof space.Pair, equal bool) {
	switch {
	case o.SHA256 != "" && o.SHA256 == c.SHA256:
		return space.Pair{Level: space.Duplicate, Evidence: space.SameBytes}, true
	case o.Picture.PixelSHA256 != "" && o.Picture.PixelSHA256 == c.Picture.PixelSHA256:
		return space.Pair{Level: space.Duplicate, Evidence: space.SamePixels}, true
	}
	return space.Pair{}, false
}

// framing says that a picture, or what its frame holds, shows what another one does.
type framing struct {
	transform
	first, second framed
}

// framed is a picture, or what its frame holds.
type framed struct{ inner *space.Inner }

// framings are how the hashes of the pictures in two items' frames say that these lie on each other.
func framings(o, c space.Item, opts Options) []framing {
	var all []framing
	for i, a := range opts.hashes(o) {
		for j, b := range opts.hashes(c) {
			if i+j == 0 || a.IsZero() || b.IsZero() {
				continue
			}
			if t, distance := nearestTransform(a, b); distance <= farthestHint {
				all = append(all, framing{t, framedBy(o, i), framedBy(c, j)})
			}
		}
	}
	return all
}

// framedBy is what a hash of Options.hashes is of.
func framedBy(item space.Item, part int) framed {
	if part == 0 {
		return framed{}
	}
	return framed{item.Picture.Inner}
}

// farthestHint is the distance up to which two hashes tell how a picture was turned: hashes of two other pictures lie
// about 110 apart in the nearest of eight transforms.
const farthestHint = 80

// nearestTransform is what was done to the picture of one hash to give the other's, and how many bits still differ.
func nearestTransform(original, other space.Hash256) (transform, int) {
	best, least := asIs, hashSide*hashSide+1
	for t := range transforms {
		if d := t.hash(original).Distance(other); d < least {
			best, least = t, d
		}
	}
	return best, least
}
