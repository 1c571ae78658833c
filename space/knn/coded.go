package knn

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/clipd/clipd/space"
)

// coded is an index of codes in memory, and of bytes and float32 rows in mapped files. Slots stay what they are.
//
// Readers hold the gate and see lists, slots and rows as they were published. Writers take turns and change nothing
// that a reader may look at: an item that changes gets another slot, and a slot is given out again only when its code
// is out of the lists and every reader who may have seen it there has left the gate.
type coded struct {
	dim      int // of the vectors; padded(dim) in rotated space
	kernel   kernel
	dir      string
	keep     bool // the files outlive the index; else the folder is its own, and goes with it
	rotation rotation
	mean     []float32 // rotated; fixed, since quantised rows are relative to it

	gate  sync.RWMutex // held for reading by searches, for writing to be sure that there are none
	slots *slotTable
	rows  *plane // float32 components
	quant *plane // quantised rows
	views atomic.Pointer[view]

	writing    sync.Mutex
	free       []uint32
	quarantine []uint32            // slots whose codes are out of the lists, where readers may still be
	changed    map[uint32]struct{} // slots written since another layout began to be made; nil: none is
	closed     bool
	searchers  sync.Pool
	mapping    []byte // of the snapshot that blocks lie in; nil: none
}

// view is what searches go by.
type view struct {
	layout  *layout
	efforts efforts
}

// Files of a coded index.
const (
	rowsFile  = "rows"
	quantFile = "bytes"
)

// newCoded makes an index without items in dir. mean is that of the vectors to come, seed that of the rotation.
func newCoded(dir string, keep bool, dim int, k kernel, mean []float32, seed uint64) (*coded, error) {
	for _, name := range []string{snapshotFile, rowsFile, quantFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	rotation := newRotation(dim, seed)
	rotated := make([]float32, padded(dim))
	rotation.rotate(k, mean, rotated)
	x, err := openCoded(dir, keep, rotation, k, rotated)
	if err != nil {
		return nil, err
	}
	flat := newLayout(padded(dim), rotated, rotated)
	x.views.Store(&view{flat, defaultEfforts(0, 1)})
	return x, nil
}

// openCoded opens the files; slots and view are still to be set.
func openCoded(dir string, keep bool, rotation rotation, k kernel, mean []float32) (*coded, error) {
	dim := rotation.dim
	rows, err := openPlane(filepath.Join(dir, rowsFile), 4*dim)
	if err != nil {
		return nil, err
	}
	quant, err := openPlane(filepath.Join(dir, quantFile), quantStride(dim))
	if err != nil {
		return nil, errors.Join(err, rows.close())
	}
	return &coded{
		dim: dim, kernel: k, dir: dir, keep: keep, rotation: rotation, mean: mean,
		slots: newSlotTable(), rows: rows, quant: quant,
	}, nil
}

// Len is the number of items.
func (x *coded) Len() int { return x.slots.len() }

func (x *coded) tier() string {
	if len(x.views.Load().layout.lists) > 1 {
		return TierLists
	}
	return TierCodes
}

// grow makes room for n slots.
func (x *coded) grow(n int) error {
	if err := errors.Join(x.rows.grow(n), x.quant.grow(n)); err != nil {
		return err
	}
	x.slots.grow(n)
	return nil
}

// components are those in a slot; the memory is shared.
func (x *coded) components(slot uint32) []float32 { return valuesOf[float32](x.rows.row(slot)) }

// prepared is all that can be computed of a new item before it is its turn.
type prepared struct {
	rotated, residual []float32
	row               []byte
	assigning         assigning
	layout            *layout
	list              uint32
}

func (x *coded) prepare(components []float32, p *prepared) {
	n := padded(x.dim)
	p.rotated, p.residual = resize(p.rotated, n), resize(p.residual, n)
	p.row = resize(p.row, quantStride(x.dim))
	clear(p.row)
	x.rotation.rotate(x.kernel, components, p.rotated)
	subtract(p.rotated, x.mean, p.residual)
	quantise(p.residual, components, p.row)
	x.assign(p)
}

func (x *coded) assign(p *prepared) {
	p.layout = x.views.Load().layout
	p.list = p.layout.nearest(x.kernel, p.rotated, &p.assigning)
}

// add puts an item in, in place of the one of this id.
func (x *coded) add(id string, components []float32, p *prepared) (uint32, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.closed {
		return 0, space.ErrClosed
	}
	if p.layout != x.views.Load().layout {
		x.assign(p)
	}
	slot, err := x.take()
	if err != nil {
		return 0, fmt.Errorf("keep the vector of %q: %w", id, err)
	}
	err = errors.Join(x.rows.write(slot, bytesOf(components)), x.quant.write(slot, p.row))
	if err != nil {
		x.free = append(x.free, slot)
		return 0, fmt.Errorf("keep the vector of %q: %w", id, err)
	}
	if old, known := x.slots.slot(id); known {
		x.kill(old)
	}
	x.slots.set(slot, id)
	p.layout.append(p.list, slot, p.rotated, p.residual)
	x.note(slot)
	return slot, nil
}

// remove takes an item out.
func (x *coded) remove(id string) (uint32, bool) {
	x.writing.Lock()
	defer x.writing.Unlock()
	slot, known := x.slots.slot(id)
	if known = known && !x.closed; known {
		x.kill(slot)
	}
	return slot, known
}

func (x *coded) note(slot uint32) {
	if x.changed != nil {
		x.changed[slot] = struct{}{}
	}
}

// So many slots wait until they are freed together, in a moment without searches.
const (
	quarantined    = 1024
	fullQuarantine = 64 * quarantined
)

// mostQuarantined is how many slots wait at most. Then searches are held up, for less than one of them takes: often
// where items are few and searches short, seldom where they are many.
func (x *coded) mostQuarantined() int {
	return max(2*quarantined, min(x.Len()/8, fullQuarantine))
}

// everybodyLeft says whether all readers who may have seen a slot in quarantine have gone. The caller holds writing.
func (x *coded) everybodyLeft() bool {
	if len(x.quarantine) >= x.mostQuarantined() {
		x.gate.Lock()
	} else if !x.gate.TryLock() {
		return false
	}
	x.gate.Unlock()
	return true
}

// take returns a free slot. The caller holds writing.
func (x *coded) take() (uint32, error) {
	if len(x.free) == 0 && len(x.quarantine) >= quarantined && x.everybodyLeft() {
		x.free, x.quarantine = x.quarantine, nil
	}
	if n := len(x.free); n > 0 {
		slot := x.free[n-1]
		x.free = x.free[:n-1]
		return slot, nil
	}
	slot := x.slots.used.Load()
	if slot >= math.MaxUint32-slotBase {
		return 0, fmt.Errorf("%w: the index is full", space.ErrInvalidItem)
	}
	if err := x.grow(int(slot) + 1); err != nil {
		return 0, err
	}
	x.slots.used.Store(slot + 1)
	return slot, nil
}

// kill takes the item of a slot out; its code goes when a quarter of its list is dead. The caller holds writing.
func (x *coded) kill(slot uint32) {
	l := x.views.Load().layout
	which := l.holder(slot)
	x.slots.clear(slot)
	x.note(slot)
	if l.dead[which]++; l.dead[which] > max(2*blockCodes, l.lists[which].Load().n/4) {
		x.quarantine = append(x.quarantine, l.purge(which, x.slots.isLive)...)
	}
}

// cosines are those of q and the items; NaN where an item is not there.
func (x *coded) cosines(q space.Vector, ids []string) ([]float64, error) {
	x.gate.RLock()
	defer x.gate.RUnlock()
	if x.closed {
		return nil, space.ErrClosed
	}
	cosines := make([]float64, len(ids))
	var out [1]float32
	for i, id := range ids {
		slot, known := x.slots.slot(id)
		if !known {
			cosines[i] = math.NaN()
			continue
		}
		x.kernel.dots(q.Components(), x.components(slot), out[:])
		cosines[i] = clamp(out[0])
	}
	return cosines, nil
}

func (x *coded) isClosed() bool {
	x.gate.RLock()
	defer x.gate.RUnlock()
	return x.closed
}

// close waits for searches; later ones fail.
func (x *coded) close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.gate.Lock()
	defer x.gate.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	errs := []error{x.rows.close(), x.quant.close()}
	if x.mapping != nil {
		errs = append(errs, unmap([][]byte{x.mapping}))
		x.mapping = nil
	}
	if !x.keep {
		errs = append(errs, os.RemoveAll(x.dir))
	}
	return errors.Join(errs...)
}
