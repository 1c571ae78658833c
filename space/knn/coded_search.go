package knn

import (
	"context"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/clipd/clipd/space"
)

const (
	// visited survivors of a filter are scored in float32 one by one: up to 1 ms.
	visited = 4096
	// sparseBytes: where a filter keeps less than one item in sparseBytes, the survivors' bytes are scored.
	sparseBytes = 32
	// finalists beyond k are scored in float32: the order by bytes is off by little.
	finalists = 32
	// parallelCodes is how many codes are scanned by one processor: below, sharing out costs more than it gives.
	parallelCodes = 128 << 10
	// deepShare: who wants more than one item in deepShare gets exact answers.
	deepShare = 16
)

// searcher is the memory of a search.
type searcher struct {
	rotated []float32
	table   table
	signed  signedBytes
	probes  []candidate // lists, by slot; score is the centroid's product, while they are ranked with its reach
	keeper  keeper
	byteRows
	allow []uint64 // dense, where the query has a filter
	one   [1]float32
}

func (x *coded) searcher() *searcher {
	if s, ok := x.searchers.Get().(*searcher); ok {
		return s
	}
	return &searcher{table: newTable(padded(x.dim)), rotated: make([]float32, padded(x.dim))}
}

// search finds the nearest items. The query has been checked. Without an effort, that of its kind is taken.
func (x *coded) search(ctx context.Context, q Query, effort *Effort) ([]Neighbour, error) {
	x.gate.RLock()
	defer x.gate.RUnlock()
	if x.closed {
		return nil, space.ErrClosed
	}
	view := x.views.Load()
	if effort == nil {
		usual := view.efforts.of(q.Kind)
		effort = &usual
	}
	return x.searchIn(ctx, q, view.layout, *effort)
}

// searchIn searches a layout. The caller holds the gate.
func (x *coded) searchIn(ctx context.Context, q Query, l *layout, effort Effort) ([]Neighbour, error) {
	k, n := q.K, x.Len()
	allowed := n
	if q.Allow != nil {
		allowed = min(n, int(q.Allow.GetCardinality()))
	}
	switch {
	case allowed == 0:
		return nil, ctx.Err()
	case q.Allow != nil && allowed <= visited:
		return x.visit(ctx, q)
	case q.Exact || k*deepShare > allowed:
		answers, err := x.exact(ctx, []Query{q})
		if err != nil {
			return nil, err
		}
		return answers[0], nil
	}
	s := x.searcher()
	defer x.searchers.Put(s)
	s.begin(x, q)
	s.keeper.reset(max(effort.Rerank, 3*k))
	if q.Allow != nil && allowed*sparseBytes < n {
		s.survivors(x, q.Allow)
	} else if err := s.scan(ctx, x, l, effort, allowed); err != nil {
		return nil, err
	}
	return s.finish(x, q), ctx.Err()
}

// visit scores the few items that a filter lets through, exactly.
func (x *coded) visit(ctx context.Context, q Query) ([]Neighbour, error) {
	best, s := top{k: q.K}, x.searcher()
	defer x.searchers.Put(s)
	for it := q.Allow.Iterator(); it.HasNext(); {
		if slot := it.Next(); x.slots.isLive(slot) {
			best.offer(x.neighbour(q, slot, s))
		}
	}
	return best.sorted(), ctx.Err()
}

func (x *coded) neighbour(q Query, slot uint32, s *searcher) Neighbour {
	x.kernel.dots(q.Vector.Components(), x.components(slot), s.one[:])
	return Neighbour{x.slots.id(slot), slot, clamp(s.one[0])}
}

// begin prepares what all stages need of the query.
func (s *searcher) begin(x *coded, q Query) {
	x.rotation.rotate(x.kernel, q.Vector.Components(), s.rotated)
	s.signed.fill(s.rotated)
	s.allow = s.allow[:0]
	if q.Allow != nil {
		s.allow = dense(q.Allow, s.allow, x.slots.used.Load())
	}
}

// dense is a bitmap of n slots as words.
func dense(b *roaring.Bitmap, words []uint64, n uint32) []uint64 {
	if most := b.Maximum(); most >= n {
		n = most + 1
	}
	words = resize(words, (int(n)+chunkSlots-1)/chunkSlots*chunkSlots/64)
	clear(words)
	b.WriteDenseTo(words)
	return words
}

// survivors makes candidates of all items that a filter lets through.
func (s *searcher) survivors(x *coded, allow *roaring.Bitmap) {
	var batch [256]candidate
	flush := func(c []candidate) {
		s.byBytes(x, c)
		for _, candidate := range c {
			if candidate.score >= s.keeper.least {
				s.keeper.offer(candidate)
			}
		}
	}
	n := 0
	for it := allow.Iterator(); it.HasNext(); {
		slot := it.Next()
		if !x.slots.isLive(slot) {
			continue
		}
		batch[n].slot = slot
		if n++; n == len(batch) {
			flush(batch[:])
			n = 0
		}
	}
	flush(batch[:n])
}

// scan collects candidates by the codes of the lists nearest to the query.
func (s *searcher) scan(ctx context.Context, x *coded, l *layout, effort Effort, allowed int) error {
	s.table.fill(s.rotated)
	probes, wanted := min(effort.Probes, len(l.lists)), int64(-1)
	s.rank(x, l)
	if len(s.allow) == 0 {
		if probes < len(s.probes) {
			partition(s.probes, probes)
			s.probes = s.probes[:probes]
		}
	} else {
		// Of the items that the filter lets through, the same share is scanned, and more where they are few: then
		// the nearest of them are farther from the query, and spread over more lists. Among 1,000,000, text queries keep the
		// recall that they have without a filter (.973) down to a 29th of the items (.970).
		share := float64(probes) / float64(len(l.lists))
		thin := float64(bits.Len(uint(x.Len()/allowed)) - 1)
		wanted = max(int64(min(1, share*(1+0.8*thin))*float64(allowed)), int64(4*s.keeper.n))
	}
	slices.SortFunc(s.probes, func(a, b candidate) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return int(a.slot) - int(b.slot)
	})
	for i, p := range s.probes {
		s.probes[i].score -= l.reaches[p.slot]
	}
	return s.scanLists(ctx, x, l, wanted)
}

// rank scores all lists by their centroids' products with the query, by bytes, which are off by less than codes are, and by
// how much nearer a member may be.
func (s *searcher) rank(x *coded, l *layout) {
	n := len(l.lists)
	s.probes = resize(s.probes, n)
	base := s.base(x)
	for i, dot := range l.products(x.kernel, &s.signed, &s.byteRows) {
		s.probes[i] = candidate{base + l.product(&s.signed, i, dot) + l.reaches[i], uint32(i)}
	}
}

// scanLists scans s.probes in turn until as many allowed items as wanted were seen; below zero: all lists.
func (s *searcher) scanLists(ctx context.Context, x *coded, l *layout, wanted int64) error {
	codes := 0
	for _, p := range s.probes {
		codes += l.lists[p.slot].Load().n
	}
	workers := 1
	if codes > parallelCodes {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers == 1 {
		w := scanWorker{searcher: s, index: x, layout: l, keeper: &s.keeper}
		list := l.lists[s.probes[0].slot].Load()
		for i, p := range s.probes {
			if err := ctx.Err(); err != nil {
				return err
			}
			next := list
			if i+1 < len(s.probes) {
				next = l.lists[s.probes[i+1].slot].Load()
			}
			w.list(list, next, p.score, 0, list.blocks())
			if list = next; wanted >= 0 && w.seen >= wanted {
				break
			}
		}
		return ctx.Err()
	}
	return s.scanTogether(ctx, x, l, wanted, workers)
}

// spanBlocks is how many blocks a worker takes at once.
const spanBlocks = 256

// scanTogether shares the lists out among workers.
func (s *searcher) scanTogether(ctx context.Context, x *coded, l *layout, wanted int64, workers int) error {
	type span struct {
		list     *list
		base     float32
		from, to int
	}
	var spans []span
	for _, p := range s.probes {
		list := l.lists[p.slot].Load()
		for from := 0; from < list.blocks(); from += spanBlocks {
			spans = append(spans, span{list, p.score, from, min(from+spanBlocks, list.blocks())})
		}
	}
	var next, seen atomic.Int64
	var wait sync.WaitGroup
	keepers := make([]keeper, workers)
	work := func(n int) {
		keepers[n].reset(s.keeper.n)
		keepers[n].least = s.keeper.least
		w := scanWorker{searcher: s, index: x, layout: l, keeper: &keepers[n]}
		for ctx.Err() == nil && (wanted < 0 || seen.Load() < wanted) {
			i := int(next.Add(1)) - 1
			if i >= len(spans) {
				return
			}
			before := w.seen
			w.list(spans[i].list, spans[i].list, spans[i].base, spans[i].from, spans[i].to)
			seen.Add(w.seen - before)
		}
	}
	for n := range workers - 1 {
		wait.Go(func() { work(n) })
	}
	work(workers - 1)
	wait.Wait()
	for _, k := range keepers {
		for _, c := range k.kept {
			s.keeper.offer(c)
		}
	}
	return ctx.Err()
}

// scanWorker scans lists for one keeper.
type scanWorker struct {
	*searcher
	index  *coded
	layout *layout
	keeper *keeper
	seen   int64 // codes of allowed items
	scores [blockCodes]float32
}

// blocksAhead is how many blocks before it is scanned a block is fetched from memory: a block of 512 components takes 60
// ns, memory 100 and more.
const blocksAhead = 2

// ahead is where a block that will be scanned begins: the i-th of a list up to the block to, then those of the next list.
func ahead(l, next *list, i, to int) *byte {
	if i >= to {
		l, i = next, i-to
	}
	switch {
	case i < len(l.full):
		return unsafe.SliceData(l.full[i])
	case i == len(l.full):
		return unsafe.SliceData(l.tail)
	}
	return nil
}

// list scans the blocks from … to of a list, of which the centroid's product with the query is base. next is the list
// that will be scanned after it.
func (w *scanWorker) list(l, next *list, base float32, from, to int) {
	p := scanParams{scale: w.table.scale, offset: w.table.offset, base: base}
	codes := w.layout.codeBytes()
	for i := from; i < to; i++ {
		b, n := l.block(i, codes)
		able := uint32(1<<n - 1)
		if len(w.allow) > 0 {
			if able &= w.allowed(b); able == 0 {
				continue
			}
			w.seen += int64(bits.OnesCount32(able))
		}
		p.least, p.ahead = w.keeper.least, ahead(l, next, i+blocksAhead, to)
		reached := w.index.kernel.scan(b.bytes, w.table.entries, &p, &w.scores) & able
		for ; reached != 0; reached &= reached - 1 {
			j := bits.TrailingZeros32(reached)
			if slot := b.slots()[j]; w.scores[j] >= w.keeper.least && w.index.slots.isLive(slot) {
				w.keeper.offer(candidate{w.scores[j], slot})
			}
		}
	}
}

// allowed are the bits of a block's allowed codes.
func (w *scanWorker) allowed(b block) (able uint32) {
	for j, slot := range b.slots() {
		if at := slot / 64; int(at) < len(w.allow) {
			able |= uint32(w.allow[at]>>(slot%64)&1) << j
		}
	}
	return able
}

// byBytes scores candidates by their bytes.
func (s *searcher) byBytes(x *coded, c []candidate) {
	if len(c) == 0 {
		return
	}
	s.rows, s.dots = resize(s.rows, len(c)+bytesAhead), resize(s.dots, len(c))
	for i := range s.rows {
		s.rows[i] = &x.quant.row(c[min(i, len(c)-1)].slot)[0]
	}
	x.kernel.bytes(s.signed.values, s.rows, s.dots)
	for i, dot := range s.dots {
		c[i].score = s.signed.product(dot, rowScale(x.quant.row(c[i].slot)))
	}
}

// finish scores the candidates by bytes, those of them that may be among the k nearest in float32, and sorts.
func (s *searcher) finish(x *coded, q Query) []Neighbour {
	s.keeper.cut()
	kept := s.keeper.kept
	s.byBytes(x, kept)
	if n := q.K + finalists; len(kept) > n {
		partition(kept, n)
		kept = kept[:n]
	}
	if len(kept) > q.K {
		kept = atLeast(kept, partition(kept, q.K)-bytesMargin)
	}
	neighbours := make([]Neighbour, 0, len(kept))
	for _, c := range kept {
		if x.slots.isLive(c.slot) {
			neighbours = append(neighbours, x.neighbour(q, c.slot, s))
		}
	}
	slices.SortFunc(neighbours, nearer)
	neighbours = slices.CompactFunc(neighbours, func(a, b Neighbour) bool { return a.Slot == b.Slot })
	return neighbours[:min(len(neighbours), q.K)]
}

// exact answers queries by all products, four queries at a time.
func (x *coded) exact(ctx context.Context, queries []Query) ([][]Neighbour, error) {
	answers := make([][]Neighbour, 0, len(queries))
	for len(queries) > 0 {
		n := 1
		if len(queries) >= 4 {
			n = 4
		}
		some, err := x.exactGroup(ctx, queries[:n])
		if err != nil {
			return nil, err
		}
		answers, queries = append(answers, some...), queries[n:]
	}
	return answers, nil
}

// exactGroup answers one query, or four.
func (x *coded) exactGroup(ctx context.Context, queries []Query) ([][]Neighbour, error) {
	vectors := make([]float32, 0, len(queries)*x.dim)
	for _, q := range queries {
		vectors = append(vectors, q.Vector.Components()...)
	}
	var mu sync.Mutex
	parts := [][]top{make([]top, len(queries))}
	for i, q := range queries {
		parts[0][i].k = q.K
	}
	err := inPieces(ctx, int(x.slots.used.Load()), chunkRows, func() func(from, to int) {
		best, scores := make([]top, len(queries)), make([]float32, len(queries)*chunkRows)
		for i, q := range queries {
			best[i].k = q.K
		}
		mu.Lock()
		parts = append(parts, best)
		mu.Unlock()
		return func(from, to int) { x.exactPiece(queries, vectors, from, to, scores, best) }
	})
	if err != nil {
		return nil, err
	}
	return merge(parts), nil
}

func (x *coded) exactPiece(queries []Query, vectors []float32, from, to int, scores []float32, best []top) {
	n := to - from
	rows := valuesOf[float32](x.rows.rows(uint32(from), n))
	if len(queries) == 4 {
		x.kernel.quads(vectors, rows, scores[:4*n])
	} else {
		x.kernel.dots(vectors, rows, scores[:n])
	}
	for i, q := range queries {
		least := best[i].least()
		for j, score := range scores[i*n:][:n] {
			if score < least {
				continue
			}
			slot := uint32(from + j)
			if !x.slots.isLive(slot) || q.Allow != nil && !q.Allow.Contains(slot) {
				continue
			}
			best[i].offer(Neighbour{x.slots.id(slot), slot, clamp(score)})
			least = best[i].least()
		}
	}
}
