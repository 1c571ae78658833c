package jpeg

import "sync"

// buffers are memory that one decoding needs and the next can use again.
type buffers struct {
	scan    scanData
	samples []uint8
	blocks  []int16
}

var pool = sync.Pool{New: func() any { return new(buffers) }}

func takeBuffers() *buffers { return pool.Get().(*buffers) }

// keepBytes is the most that is kept for the next picture: what one 12-megapixel photograph needs.
const keepBytes = 48 << 20

func (b *buffers) give() {
	if cap(b.scan.bytes)+cap(b.samples)+2*cap(b.blocks) <= keepBytes {
		pool.Put(b)
	}
}

// planes is room for n samples, of any content.
func (b *buffers) planes(n int) []uint8 {
	if cap(b.samples) < n {
		b.samples = make([]uint8, n)
	}
	return b.samples[:n]
}

// coefs are n zeros.
func (b *buffers) coefs(n int) []int16 {
	if cap(b.blocks) < n {
		b.blocks = make([]int16, n)
		return b.blocks
	}
	clear(b.blocks[:n])
	return b.blocks[:n]
}
