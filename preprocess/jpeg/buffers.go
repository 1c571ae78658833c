package jpeg

import "sync"

// buffers are memory that one decoding needs and the next can use again.
type buffers struct {
	scan    scanData
	strip   strip
	samples []uint8
	ac, dc  []int16
	masks   []masks
	bits    []uint64
}

var pool = sync.Pool{New: func() any { return new(buffers) }}

func takeBuffers() *buffers { return pool.Get().(*buffers) }

// keepBytes is the most that is kept for the next picture: what one 12-megapixel photograph needs that is progressive.
const keepBytes = 72 << 20

func (b *buffers) give() {
	b.strip.units = [10]unit{} // they hold the picture
	if cap(b.scan.bytes)+cap(b.samples)+2*(cap(b.ac)+cap(b.dc))+24*cap(b.masks)+8*cap(b.bits) <= keepBytes {
		pool.Put(b)
	}
}

// room is memory for n values, of any content.
func room[T any](memory *[]T, n int) []T {
	if cap(*memory) < n {
		*memory = make([]T, n)
	}
	return (*memory)[:n]
}

// zeros are n zeros.
func zeros[T any](memory *[]T, n int) []T {
	if cap(*memory) < n {
		*memory = make([]T, n)
		return *memory
	}
	clear((*memory)[:n])
	return (*memory)[:n]
}
