package knn

import (
	"sync/atomic"
)

// list is the codes of the vectors that are nearest to one centroid. It never changes: what is appended makes another
// list, which shares the full blocks. So readers need no lock.
type list struct {
	full [][]byte // blocks of 32
	tail []byte   // a block that is not full; nil: none
	n    int      // codes, of items that have gone too
}

// listOf is a list of n codes, whose blocks lie one behind another.
func listOf(blocks []byte, size, n int) *list {
	l := &list{n: n}
	for ; n >= blockCodes; n -= blockCodes {
		l.full = append(l.full, blocks[:size:size])
		blocks = blocks[size:]
	}
	if n > 0 {
		l.tail = blocks[:size:size]
	}
	return l
}

// block is the i-th and how many codes it has.
func (l *list) block(i, codes int) (b block, n int) {
	if i < len(l.full) {
		return blockOf(l.full[i], codes), blockCodes
	}
	return blockOf(l.tail, codes), l.n - len(l.full)*blockCodes
}

func (l *list) blocks() int { return (l.n + blockCodes - 1) / blockCodes }

// layout is a partition of the vectors into lists, in rotated space. With one list it is flat.
type layout struct {
	dim       int       // padded
	centroids []float32 // rows of dim
	halves    []float32 // half the squared length of each
	quantised []byte    // the centroids less the index's mean, as quantised rows
	reaches   []float32 // by how much a list's best member may be nearer to a query than its centroid; see measureReaches
	lists     []atomic.Pointer[list]
	madeOf    int // how many items there were

	// For writers only.
	dead  []int    // by list: codes of items that have gone
	where []uint32 // by slot: the list that holds its code, or nowhere
}

const nowhere = ^uint32(0)

// newLayout makes empty lists around centroids.
func newLayout(dim int, centroids, mean []float32) *layout {
	n := len(centroids) / dim
	l := &layout{
		dim: dim, centroids: centroids, halves: make([]float32, n), quantised: make([]byte, n*quantStride(dim)), reaches: make([]float32, n),
		lists: make([]atomic.Pointer[list], n), dead: make([]int, n),
	}
	residual := make([]float32, dim)
	for i := range n {
		centroid := l.centroid(i)
		l.halves[i] = halfSquare(centroid)
		subtract(centroid, mean, residual)
		quantise(residual, nil, l.quantised[i*quantStride(dim):][:quantStride(dim)])
		l.lists[i].Store(&list{})
	}
	return l
}

// reach is how many of their codes' factors members reach towards a query, where lists are ranked: a factor is 1.25 standard
// deviations of a residual's product with any unit vector, and of some hundred members one lies 3 deviations off, of
// residuals that are not spread evenly 4.
const reach = 3

// measureReaches looks how widely the members of each list are spread, before the layout is used. A query's best lists are
// those whose best member may be nearest, not those whose centroid is: Bruch and others, "Optimistic Query Routing in
// Clustering-based Approximate Maximum Inner Product Search" (arXiv 2405.12207), of which this is the plainest form,
// one number a list. Among 1,000,000 it spares text queries a third of the codes.
func (l *layout) measureReaches() {
	for i := range l.lists {
		var sum float32
		list := l.lists[i].Load()
		for j := range list.blocks() {
			b, n := list.block(j, l.codeBytes())
			for _, factor := range b.factors()[:n] {
				sum += factor
			}
		}
		l.reaches[i] = reach * sum / float32(max(1, list.n))
	}
}

func (l *layout) centroid(i int) []float32 { return l.centroids[i*l.dim:][:l.dim] }

func (l *layout) codeBytes() int { return l.dim / groupBits * groupBytes }

func halfSquare(v []float32) float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return float32(sum / 2)
}

func subtract(a, b, out []float32) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		out[i] = a[i] - b[i]
	}
}

// byteRows is memory for products with rows of bytes.
type byteRows struct {
	rows []*byte
	dots []int32
}

// products computes those of a query and all quantised centroids: off by 0.0005, in a quarter of the time.
func (l *layout) products(k kernel, q *signedBytes, m *byteRows) []int32 {
	n, stride := len(l.lists), l.dim+quantTail
	m.rows, m.dots = resize(m.rows, n+bytesAhead), resize(m.dots, n)
	for i := range m.rows {
		m.rows[i] = &l.quantised[min(i, n-1)*stride]
	}
	k.bytes(q.values, m.rows, m.dots)
	return m.dots
}

// product is what one of the products stands for.
func (l *layout) product(q *signedBytes, list int, dot int32) float32 {
	stride := l.dim + quantTail
	return q.product(dot, rowScale(l.quantised[list*stride:][:stride]))
}

// assigning is the memory to find a list with.
type assigning struct {
	byteRows
	signed signedBytes
}

// nearest is the list whose centroid is nearest to a rotated vector, or as good as nearest.
func (l *layout) nearest(k kernel, rotated []float32, m *assigning) uint32 {
	if len(l.lists) == 1 {
		return 0
	}
	m.signed.fill(rotated)
	best, greatest := 0, float32(-1e30)
	for i, dot := range l.products(k, &m.signed, &m.byteRows) {
		if score := l.product(&m.signed, i, dot) - l.halves[i]; score > greatest {
			best, greatest = i, score
		}
	}
	return uint32(best)
}

// place notes the list that holds the code of a slot.
func (l *layout) place(slot, list uint32) {
	for int(slot) >= len(l.where) {
		l.where = append(l.where, nowhere)
	}
	l.where[slot] = list
}

// holder is the list that holds the code of a slot, or nowhere.
func (l *layout) holder(slot uint32) uint32 {
	if int(slot) >= len(l.where) {
		return nowhere
	}
	return l.where[slot]
}

// append adds the code of a rotated vector to a list. Writers take turns.
func (l *layout) append(to, slot uint32, rotated, scratch []float32) {
	old := l.lists[to].Load()
	next := &list{full: old.full, n: old.n + 1}
	tail := make([]byte, blockBytes(l.dim))
	copy(tail, old.tail)
	residual := resize(scratch, l.dim)
	subtract(rotated, l.centroid(int(to)), residual)
	at := old.n % blockCodes
	blockOf(tail, l.codeBytes()).put(at, slot, residual)
	if at == blockCodes-1 {
		next.full = append(old.full, tail) // behind what readers of the old list see
	} else {
		next.tail = tail
	}
	l.lists[to].Store(next)
	l.place(slot, to)
}

// purge makes a list anew without the codes that are not wanted, and says which slots those had.
func (l *layout) purge(which uint32, wanted func(slot uint32) bool) (gone []uint32) {
	old := l.lists[which].Load()
	next := &list{}
	var tail block
	for i := range old.blocks() {
		b, n := old.block(i, l.codeBytes())
		for j, slot := range b.slots()[:n] {
			if !wanted(slot) {
				gone = append(gone, slot)
				l.place(slot, nowhere)
				continue
			}
			at := next.n % blockCodes
			if at == 0 {
				tail = blockOf(make([]byte, blockBytes(l.dim)), l.codeBytes())
			}
			b.move(j, tail, at)
			if next.n++; at == blockCodes-1 {
				next.full = append(next.full, tail.bytes)
			}
		}
	}
	if next.n%blockCodes != 0 {
		next.tail = tail.bytes
	}
	if len(gone) > 0 {
		l.lists[which].Store(next)
	}
	l.dead[which] = 0
	return gone
}
