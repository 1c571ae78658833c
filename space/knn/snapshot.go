package knn

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/clipd/clipd/space"
)

// A snapshot is everything of a coded index but its rows: docs/formats.md describes the file. It is a cache: whoever
// finds it missing, damaged or of another version makes the index anew.
const (
	snapshotFile    = "index"
	snapshotMagic   = "clipdknn"
	snapshotVersion = 1
	// byteOrder is written as the machine writes it: a snapshot is read on machines of the same kind only.
	byteOrder = 0x01020304
	// headerBytes: magic, version, byte order, length of the description (8 bytes each but the two in the middle), its
	// CRC-32C, 4 zero bytes.
	headerBytes = 32
	// sectionAlign is where sections begin: a cache line.
	sectionAlign = 64
)

// ErrDamaged: a snapshot or the rows beside it cannot be used; the index has to be made anew.
var ErrDamaged = errors.New("the vector index's files are damaged")

// description is the JSON behind a snapshot's header.
type description struct {
	Dim      int       `json:"dim"`
	Items    int       `json:"items"`
	Slots    uint32    `json:"slots"`    // slots below were used
	Sequence uint64    `json:"sequence"` // the last batch of the store that is in
	MadeOf   int       `json:"made_of"`  // items when the lists were made
	Text     Effort    `json:"text"`
	Image    Effort    `json:"image"`
	Sections []section `json:"sections"`
}

// section is a part of the file behind the description, in native byte order.
type section struct {
	Name   string `json:"name"`
	Offset int64  `json:"offset"` // from the beginning of the file
	Bytes  int64  `json:"bytes"`
	CRC    uint32 `json:"crc32c"`
}

// Names of sections.
const (
	rotationSection  = "rotation"  // float32: padded(dim) rows of dim
	meanSection      = "mean"      // float32: padded(dim)
	centroidSection  = "centroids" // float32: lists rows of padded(dim)
	countSection     = "counts"    // uint32: codes of each list
	blockSection     = "blocks"    // the blocks of all lists, one behind another
	liveSection      = "live"      // uint64: one bit a slot
	idLengthSection  = "id_bytes"  // uint32: length of the id in each slot; 0: it holds no item
	idSection        = "ids"       // the ids, one behind another
	textAskedSection = "asked_text"
	imageAskSection  = "asked_image" // float32: queries that were asked of late
	extraSection     = "extra"       // the caller's own
)

// Snapshot is the state of an index at one moment, ready to be written.
type Snapshot struct {
	index *Index
	coded *coded
	view  *view
	lists []*list
	live  []uint64
	ids   []string
	items int
	asked map[string][]float32
}

// Remove removes the files of an index in dir, which is not open. The folder stays.
func Remove(dir string) error {
	var errs []error
	for _, name := range []string{snapshotFile, snapshotFile + ".new", rowsFile, quantFile} {
		if err := os.Remove(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Snapshot captures the state of the index, in milliseconds; nil: it is in the exact tier, which has nothing to keep, or
// Options.Dir is empty. Changes made afterwards are not in it.
func (x *Index) Snapshot() *Snapshot {
	s := x.state.Load()
	if s.coded == nil || !s.coded.keep {
		return nil
	}
	c := s.coded
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed {
		return nil
	}
	shot := &Snapshot{index: x, coded: c, view: c.views.Load(), items: c.slots.len(), asked: map[string][]float32{}}
	for i := range shot.view.layout.lists {
		shot.lists = append(shot.lists, shot.view.layout.lists[i].Load())
	}
	used := c.slots.used.Load()
	shot.live, shot.ids = make([]uint64, (used+63)/64), make([]string, used)
	for slot := range used {
		if c.slots.isLive(slot) {
			shot.live[slot/64] |= 1 << (slot % 64)
			shot.ids[slot] = c.slots.id(slot)
		}
	}
	shot.asked[textAskedSection] = x.asked.flat(space.Text)
	shot.asked[imageAskSection] = x.asked.flat(space.Image)
	return shot
}

// Write writes the snapshot in place of an earlier one: it is durable, with the rows that it needs, when Write returns.
// sequence and extra are the caller's, who gets them back from Open.
func (s *Snapshot) Write(sequence uint64, extra []byte) (err error) {
	c := s.coded
	c.gate.RLock() // blocks may lie in a mapping that closing takes away
	defer c.gate.RUnlock()
	if c.closed {
		return space.ErrClosed
	}
	if err := errors.Join(c.rows.sync(), c.quant.sync()); err != nil {
		return fmt.Errorf("keep the vector index: %w", err)
	}
	path := filepath.Join(c.dir, snapshotFile)
	making := path + ".new"
	file, err := os.Create(making)
	if err != nil {
		return fmt.Errorf("keep the vector index: %w", err)
	}
	err = s.writeTo(file, sequence, extra)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(making, path)
	}
	if err != nil {
		return fmt.Errorf("keep the vector index: %w", errors.Join(err, os.Remove(making)))
	}
	return syncDir(c.dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// part is a section in the making: pieces of memory that are written one behind another.
type part struct {
	name   string
	pieces [][]byte
}

func (s *Snapshot) parts(extra []byte) []part {
	l := s.view.layout
	counts := make([]uint32, len(s.lists))
	var blocks [][]byte
	for i, list := range s.lists {
		counts[i] = uint32(list.n)
		blocks = append(blocks, list.full...)
		if list.tail != nil {
			blocks = append(blocks, list.tail)
		}
	}
	lengths, ids := make([]uint32, len(s.ids)), make([][]byte, 0, len(s.ids))
	for slot, id := range s.ids {
		lengths[slot] = uint32(len(id))
		ids = append(ids, unsafe.Slice(unsafe.StringData(id), len(id)))
	}
	one := func(name string, bytes []byte) part { return part{name, [][]byte{bytes}} }
	return []part{
		one(rotationSection, bytesOf(s.coded.rotation.matrix)), one(meanSection, bytesOf(s.coded.mean)),
		one(centroidSection, bytesOf(l.centroids)), one(countSection, bytesOf(counts)), {blockSection, blocks},
		one(liveSection, bytesOf(s.live)), one(idLengthSection, bytesOf(lengths)), {idSection, ids},
		one(textAskedSection, bytesOf(s.asked[textAskedSection])), one(imageAskSection, bytesOf(s.asked[imageAskSection])),
		one(extraSection, extra),
	}
}

func (s *Snapshot) writeTo(file *os.File, sequence uint64, extra []byte) error {
	parts := s.parts(extra)
	d := description{
		Dim: s.coded.dim, Items: s.items, Slots: uint32(len(s.ids)), Sequence: sequence, MadeOf: s.view.layout.madeOf,
		Text: s.view.efforts.text, Image: s.view.efforts.image,
	}
	for _, p := range parts {
		sum := section{Name: p.name}
		for _, piece := range p.pieces {
			sum.Bytes += int64(len(piece))
			sum.CRC = crc32.Update(sum.CRC, castagnoli, piece)
		}
		d.Sections = append(d.Sections, sum)
	}
	text, err := d.place()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	at := int64(headerBytes + len(text))
	out.Write(header(text)) // a bufio.Writer keeps its error until Flush
	out.Write(text)
	for i, p := range parts {
		for ; at < d.Sections[i].Offset; at++ {
			out.WriteByte(0)
		}
		for _, piece := range p.pieces {
			out.Write(piece)
		}
		at += d.Sections[i].Bytes
	}
	return out.Flush()
}

// place gives the sections their offsets, which begin behind the description: its own length is allowed to grow into
// spaces, so that it doesn't depend on them.
func (d *description) place() ([]byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	size := headerBytes + len(text) + 20*len(d.Sections) // a number has at most 20 digits
	at := int64(size)
	for i := range d.Sections {
		at = (at + sectionAlign - 1) / sectionAlign * sectionAlign
		d.Sections[i].Offset = at
		at += d.Sections[i].Bytes
	}
	if text, err = json.Marshal(d); err != nil {
		return nil, err
	}
	for len(text) < size-headerBytes {
		text = append(text, ' ')
	}
	return text, nil
}

func header(text []byte) []byte {
	h := make([]byte, headerBytes)
	copy(h, snapshotMagic)
	binary.NativeEndian.PutUint32(h[8:], snapshotVersion)
	binary.NativeEndian.PutUint32(h[12:], byteOrder)
	binary.NativeEndian.PutUint64(h[16:], uint64(len(text)))
	binary.NativeEndian.PutUint32(h[24:], crc32.Checksum(text, castagnoli))
	return h
}

// sections checks the whole of a snapshot and returns what it holds.
func sections(raw []byte) (description, map[string][]byte, error) {
	var d description
	if len(raw) < headerBytes || string(raw[:8]) != snapshotMagic {
		return d, nil, fmt.Errorf("%w: no snapshot of an index", ErrDamaged)
	}
	if version, order := binary.NativeEndian.Uint32(raw[8:]), binary.NativeEndian.Uint32(raw[12:]); version != snapshotVersion || order != byteOrder {
		return d, nil, fmt.Errorf("%w: version %d, byte order %x; want %d, %x", ErrDamaged, version, order, snapshotVersion, byteOrder)
	}
	size := binary.NativeEndian.Uint64(raw[16:])
	if size > uint64(len(raw)-headerBytes) {
		return d, nil, fmt.Errorf("%w: it ends in its description", ErrDamaged)
	}
	text := raw[headerBytes:][:size]
	if crc32.Checksum(text, castagnoli) != binary.NativeEndian.Uint32(raw[24:]) {
		return d, nil, fmt.Errorf("%w: checksum of the description", ErrDamaged)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, nil, fmt.Errorf("%w: description: %w", ErrDamaged, err)
	}
	found := map[string][]byte{}
	for _, s := range d.Sections {
		if s.Offset < headerBytes || s.Offset%sectionAlign != 0 || s.Bytes < 0 || s.Offset > int64(len(raw)) || s.Bytes > int64(len(raw))-s.Offset {
			return d, nil, fmt.Errorf("%w: section %s lies outside", ErrDamaged, s.Name)
		}
		bytes := raw[s.Offset:][:s.Bytes:s.Bytes]
		if crc32.Checksum(bytes, castagnoli) != s.CRC {
			return d, nil, fmt.Errorf("%w: checksum of section %s", ErrDamaged, s.Name)
		}
		found[s.Name] = bytes
	}
	return d, found, nil
}

// Saved is what the caller gave to Snapshot.Write.
type Saved struct {
	Sequence uint64
	Extra    []byte
}

// Open opens the index that a snapshot in opts.Dir describes. It fails with fs.ErrNotExist where there is none and with
// ErrDamaged where it cannot be used; then New makes one, which takes the place of the files.
func Open(dim int, opts Options) (*Index, Saved, error) {
	return openIndex(dim, kernels()[0], opts)
}

func openIndex(dim int, k kernel, opts Options) (x *Index, saved Saved, err error) {
	raw, err := mapWhole(filepath.Join(opts.Dir, snapshotFile))
	if err != nil {
		return nil, saved, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, unmap([][]byte{raw}))
		}
	}()
	d, found, err := sections(raw)
	if err != nil {
		return nil, saved, err
	}
	if err := d.check(dim, found); err != nil {
		return nil, saved, err
	}
	c, err := restore(d, found, opts.Dir, k)
	if err != nil {
		return nil, saved, err
	}
	x = newIndex(dim, k, opts)
	x.asked.restore(space.Text, dim, valuesOf[float32](found[textAskedSection]))
	x.asked.restore(space.Image, dim, valuesOf[float32](found[imageAskSection]))
	c.mapping = raw
	x.state.Store(&state{coded: c})
	return x, Saved{d.Sequence, append([]byte(nil), found[extraSection]...)}, nil
}

func mapWhole(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < headerBytes {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrDamaged, path, info.Size())
	}
	return mmap(file, 0, int(info.Size()))
}

// check holds the sections to the sizes that they must have.
func (d description) check(dim int, found map[string][]byte) error {
	if d.Dim != dim || dim < 1 {
		return fmt.Errorf("%w: vectors of %d components; want %d", ErrDamaged, d.Dim, dim)
	}
	n, lists := padded(dim), len(found[countSection])/4
	if lists < 1 || d.Slots > 1<<31 || d.Items < 0 {
		return fmt.Errorf("%w: %d lists, %d slots, %d items", ErrDamaged, lists, d.Slots, d.Items)
	}
	blocks := 0
	for _, count := range valuesOf[uint32](found[countSection]) {
		if int64(count) > int64(d.Slots) {
			return fmt.Errorf("%w: a list of %d codes for %d slots", ErrDamaged, count, d.Slots)
		}
		blocks += (int(count) + blockCodes - 1) / blockCodes
	}
	ids := 0
	for _, length := range valuesOf[uint32](found[idLengthSection]) {
		ids += int(length)
	}
	for name, want := range map[string]int{
		rotationSection: 4 * n * dim, meanSection: 4 * n, centroidSection: 4 * n * lists, countSection: 4 * lists,
		blockSection: blocks * blockBytes(n), liveSection: (int(d.Slots) + 63) / 64 * 8, idLengthSection: 4 * int(d.Slots), idSection: ids,
	} {
		if len(found[name]) != want {
			return fmt.Errorf("%w: section %s has %d bytes; want %d", ErrDamaged, name, len(found[name]), want)
		}
	}
	if len(found[textAskedSection])%(4*dim) != 0 || len(found[imageAskSection])%(4*dim) != 0 {
		return fmt.Errorf("%w: queries of another dimension", ErrDamaged)
	}
	return nil
}

// restore makes the index of checked sections.
func restore(d description, found map[string][]byte, dir string, k kernel) (*coded, error) {
	n := padded(d.Dim)
	floats := func(name string) []float32 { return append([]float32(nil), valuesOf[float32](found[name])...) }
	l := newLayout(n, floats(centroidSection), floats(meanSection))
	l.madeOf = d.MadeOf
	c, err := openCoded(dir, true, rotation{d.Dim, floats(rotationSection)}, k, floats(meanSection))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.rows.covers(int(d.Slots)), c.quant.covers(int(d.Slots)), c.grow(int(d.Slots))); err != nil {
		return nil, errors.Join(err, c.close())
	}
	c.restoreSlots(d.Slots, valuesOf[uint64](found[liveSection]), valuesOf[uint32](found[idLengthSection]), string(found[idSection]))
	err = l.restore(valuesOf[uint32](found[countSection]), found[blockSection], d.Slots, c.slots.isLive)
	if err == nil {
		err = c.consistent(d, l)
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	usual := defaultEfforts(c.Len(), len(l.lists))
	c.views.Store(&view{l, efforts{d.Text.within(len(l.lists), usual.text), d.Image.within(len(l.lists), usual.image)}})
	c.free = c.unused()
	return c, nil
}

// within keeps an effort that was read inside its bounds. One that was not measured gives way to the usual.
func (e Effort) within(lists int, usual Effort) Effort {
	if e.Recall == 0 {
		return usual
	}
	e.Probes, e.Rerank = max(1, min(e.Probes, lists)), max(1, min(e.Rerank, 1<<20))
	return e
}

// restoreSlots fills the slots. The ids share one piece of memory, which is not mapped: they outlive the index.
func (x *coded) restoreSlots(slots uint32, live []uint64, lengths []uint32, ids string) {
	x.slots.byID.reserve(len(lengths))
	x.slots.used.Store(slots)
	for slot := range slots {
		id := ids[:lengths[slot]]
		ids = ids[lengths[slot]:]
		if live[slot/64]>>(slot%64)&1 == 1 && id != "" {
			x.slots.set(slot, id)
		}
	}
}

// restore fills the lists with the blocks, and notes which list holds which slot.
func (l *layout) restore(counts []uint32, blocks []byte, slots uint32, isLive func(uint32) bool) error {
	size := blockBytes(l.dim)
	for i, count := range counts {
		n := (int(count) + blockCodes - 1) / blockCodes * size
		list := listOf(blocks[:n], size, int(count))
		blocks = blocks[n:]
		for j := range list.blocks() {
			b, codes := list.block(j, l.codeBytes())
			for _, slot := range b.slots()[:codes] {
				if slot >= slots {
					return fmt.Errorf("%w: a code of slot %d of %d", ErrDamaged, slot, slots)
				}
				l.place(slot, uint32(i))
				if !isLive(slot) {
					l.dead[i]++
				}
			}
		}
		l.lists[i].Store(list)
	}
	l.measureReaches()
	return nil
}

// consistent checks that what was read fits together: each item has its code. Rows are not read: Verify does that.
func (x *coded) consistent(d description, l *layout) error {
	if x.Len() != d.Items {
		return fmt.Errorf("%w: %d items with an id of their own; want %d", ErrDamaged, x.Len(), d.Items)
	}
	slots := x.slots.liveSlots()
	for _, slot := range slots {
		if l.holder(slot) == nowhere {
			return fmt.Errorf("%w: slot %d has no code", ErrDamaged, slot)
		}
	}
	return nil
}

// Verify reads every row and compares it with its checksum; it fails with ErrDamaged. Searches and writes go on meanwhile.
func (x *Index) Verify() error {
	s := x.state.Load()
	if s.coded == nil {
		return nil
	}
	c := s.coded
	for _, slot := range c.slots.liveSlots() {
		if err := c.verify(slot); err != nil {
			return err
		}
	}
	return nil
}

func (x *coded) verify(slot uint32) error {
	x.gate.RLock()
	defer x.gate.RUnlock()
	if x.closed {
		return space.ErrClosed
	}
	if x.slots.isLive(slot) && !intact(x.quant.row(slot), x.components(slot)) {
		return fmt.Errorf("%w: the vector of %q", ErrDamaged, x.slots.id(slot))
	}
	return nil
}
