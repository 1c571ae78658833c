package jpeg

import "sync"

// buffers are memory that one decoding needs and the next can use again.
type buffers struct {
	scan    scanData
	strip   strip
	samples []uint8
	kept    []int16
	masks   []uint64
}

var pool = sync.Pool{New: func() any { return new(buffers) }}

func takeBuffers() *buffers { return pool.Get().(*buffers) }

// keepBytes is the most that is kept for the next picture: what one 12-megapixel photograph needs.
const keepBytes = 48 << 20

func (b *buffers) give() {
	b.strip.units = [10]unit{} // they hold the picture
	if cap(b.scan.bytes)+cap(b.samples)+2*cap(b.kept)+8*cap(b.masks) <= keepBytes {
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

// zeros are n zeros.
func zeros[T int16 | uint64](memory *[]T, n int) []T {
	if cap(*memory) < n {
		*memory = make([]T, n)
		return *memory
	}
	clear((*memory)[:n])
	return (*memory)[:n]
}
