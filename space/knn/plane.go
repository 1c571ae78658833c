package knn

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// chunkSlots is how many slots grow at once, and lie in one mapping.
const chunkSlots = 1 << 16

// plane is a file of rows by slot, which is read through memory mappings and written by plain writes: a full disk is
// an error, not a signal. Rows are in native byte order. Readers need no lock; whoever writes a row sees to it that
// nobody reads it meanwhile.
type plane struct {
	stride int
	file   *os.File
	chunks atomic.Pointer[[][]byte]
}

// openPlane opens or makes the file of rows with stride bytes.
func openPlane(path string, stride int) (*plane, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	p := &plane{stride: stride, file: file}
	p.chunks.Store(new([][]byte))
	return p, nil
}

// grow maps the chunks of the first n slots, and lengthens the file where it is shorter.
func (p *plane) grow(n int) error {
	chunks := *p.chunks.Load()
	want := (n + chunkSlots - 1) / chunkSlots
	if want <= len(chunks) {
		return nil
	}
	bytes := int64(chunkSlots) * int64(p.stride)
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	if size := int64(want) * bytes; info.Size() < size {
		if err := p.file.Truncate(size); err != nil {
			return fmt.Errorf("lengthen %s: %w", p.file.Name(), err)
		}
	}
	grown := append([][]byte(nil), chunks...)
	for len(grown) < want {
		mapped, err := mmap(p.file, int64(len(grown))*bytes, int(bytes))
		if err != nil {
			return errors.Join(fmt.Errorf("map %s: %w", p.file.Name(), err), unmap(grown[len(chunks):]))
		}
		grown = append(grown, mapped)
	}
	p.chunks.Store(&grown)
	return nil
}

func mmap(file *os.File, offset int64, bytes int) ([]byte, error) {
	return unix.Mmap(int(file.Fd()), offset, bytes, unix.PROT_READ, unix.MAP_SHARED)
}

// covers fails where the file is too short for n slots.
func (p *plane) covers(n int) error {
	info, err := p.file.Stat()
	if err == nil && info.Size() < int64(n)*int64(p.stride) {
		err = fmt.Errorf("%w: %s has %d bytes for %d rows", ErrDamaged, p.file.Name(), info.Size(), n)
	}
	return err
}

func unmap(chunks [][]byte) error {
	var errs []error
	for _, chunk := range chunks {
		errs = append(errs, unix.Munmap(chunk))
	}
	return errors.Join(errs...)
}

// write writes one row, or several from a slot on.
func (p *plane) write(slot uint32, rows []byte) error {
	_, err := p.file.WriteAt(rows, int64(slot)*int64(p.stride))
	return err
}

// row is the memory of a slot that is mapped.
func (p *plane) row(slot uint32) []byte {
	at := int(slot%chunkSlots) * p.stride
	return (*p.chunks.Load())[slot/chunkSlots][at : at+p.stride : at+p.stride]
}

// rows is the memory of several slots, within one chunk.
func (p *plane) rows(slot uint32, n int) []byte {
	at := int(slot%chunkSlots) * p.stride
	return (*p.chunks.Load())[slot/chunkSlots][at : at+n*p.stride]
}

func (p *plane) sync() error { return p.file.Sync() }

// close must not be called while anybody reads.
func (p *plane) close() error {
	err := unmap(*p.chunks.Load())
	p.chunks.Store(new([][]byte))
	return errors.Join(err, p.file.Close())
}
