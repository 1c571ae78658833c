package jpeg

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

func TestRefinersFieldsLieWhereAssemblyLooks(t *testing.T) {
	var f refiner
	var m masks
	for name, c := range map[string][2]uintptr{
		"data": {unsafe.Offsetof(f.data), 0}, "pos": {unsafe.Offsetof(f.pos), 8}, "limit": {unsafe.Offsetof(f.limit), 16},
		"acc": {unsafe.Offsetof(f.acc), 24}, "used": {unsafe.Offsetof(f.used), 32}, "blocks": {unsafe.Offsetof(f.blocks), 40},
		"ends": {unsafe.Offsetof(f.ends), 48}, "band": {unsafe.Offsetof(f.band), 56}, "table": {unsafe.Offsetof(f.table), 64},
		"masks": {unsafe.Offsetof(f.masks), 72}, "plane": {unsafe.Offsetof(f.plane), 80}, "blockPos": {unsafe.Offsetof(f.blockPos), 88},
		"blockAcc": {unsafe.Offsetof(f.blockAcc), 96}, "blockUsed": {unsafe.Offsetof(f.blockUsed), 104},
		"nonzero": {unsafe.Offsetof(m.nonzero), 0}, "fresh": {unsafe.Offsetof(m.fresh), 8}, "negative": {unsafe.Offsetof(m.negative), 16},
		"size of masks": {unsafe.Sizeof(m), 24},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: %d; the assembly has %d", name, c[0], c[1])
		}
	}
}

// refiningTable has codes of all lengths for symbols of a refining scan, those of the given ones shortest.
func refiningTable(t *testing.T, random *rand.Rand) *huffman {
	t.Helper()
	var values []uint8
	for run := range uint8(16) {
		values = append(values, run<<4|1)
		if run != 15 {
			values = append(values, run<<4)
		}
	}
	values = append(values, 0xf0)
	random.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	var counts [17]int
	for left, length := len(values), 2; left > 0; length++ {
		counts[length] = min(2, left) // two of four codes, then two of the four that the others are the beginnings of
		if length == 16 {
			counts[length] = min(left, 4)
		}
		left -= counts[length]
		if length == 16 {
			values = values[:len(values)-left]
			break
		}
	}
	h, err := newHuffman(counts, values)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestRefiningAgrees: random bits, some of which are no code or lead beyond the band, and blocks from empty to full.
func TestRefiningAgrees(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	for i := range 400 {
		h, blocks := refiningTable(t, random), 1+random.IntN(40)
		data := make([]byte, 40*blocks+padding)
		for i := range data {
			data[i] = uint8(random.UintN(256)) & uint8(random.UintN(256))
		}
		first := 1 + random.IntN(63)
		last := first + random.IntN(64-first)
		before := make([]masks, blocks)
		for i := range before {
			m := &before[i]
			m.nonzero = random.Uint64()
			for range random.IntN(5) {
				m.nonzero &= random.Uint64()
			}
			if random.IntN(8) == 0 {
				m.nonzero = 1<<64 - 1
			}
			m.fresh = m.nonzero & random.Uint64()
			m.negative = m.fresh & random.Uint64()
		}
		run1 := func(refine func(*refiner, *bits)) ([]masks, []uint64, bits, int) {
			c := &component{acTable: h, coefficients: coefficients{masks: slices.Clone(before)}}
			f := refiner{
				band:      1<<63>>(first-1) - 1<<63>>last,
				table:     h.refinings.get(h.fillRefining),
				component: c,
				bits:      make([]uint64, blocks),
				blocks:    blocks,
				end:       blocks,
			}
			r := bits{data: data, end: len(data) - padding}
			refine(&f, &r)
			return c.masks, f.bits, r, f.ends
		}
		masks, plane, r, ends := run1(run.refine)
		wantMasks, wantPlane, want, wantEnds := run1(refinePlain)
		if !slices.Equal(masks, wantMasks) || !slices.Equal(plane, wantPlane) || ends != wantEnds {
			t.Fatalf("case %d, coefficients %d to %d: other bits than the plain loop's", i, first, last)
		}
		if r.pos < len(data)-8 && r.pos*8-r.n != want.pos*8-want.n || r.overrun() != want.overrun() {
			t.Fatalf("case %d: at bit %d, overrun %v; want %d, %v", i, r.pos*8-r.n, r.overrun(), want.pos*8-want.n, want.overrun())
		}
	}
}

// scanOf is where a stream's n-th scan has its data.
func scanOf(t *testing.T, data []byte, n int) (from, to int) {
	t.Helper()
	for range n + 1 {
		i := bytes.Index(data[from:], []byte{0xff, sos})
		if i < 0 {
			t.Fatal("too few scans")
		}
		from += i + 2
	}
	from += int(data[from])<<8 | int(data[from+1])
	for to = from; data[to] != 0xff || data[to+1] == 0; {
		to++
	}
	return from, to
}

// TestUnreadScans: at 1/8, nothing depends on the bits of luma's AC coefficients; a missing end is found all the same.
func TestUnreadScans(t *testing.T) {
	data := samples(t)["progressive.jpg"]
	want, err := Decode(data, 8)
	if err != nil {
		t.Fatal(err)
	}
	from, to := scanOf(t, data, 1)
	broken := bytes.Clone(data)
	for i := from; i < to; i++ {
		broken[i] = 0
	}
	if got, err := Decode(broken, 8); err != nil || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("other pixels with other AC coefficients of luma, %v", err)
	}
	quarter, err := Decode(data, 4)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(broken, 4); err == nil && bytes.Equal(got.Pix, quarter.Pix) {
		t.Error("at 1/4 they don't matter, either")
	}
	if got, err := Decode(data[:len(data)-2], 8); err != nil || !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("other pixels without an end marker, %v", err)
	}
	_, last := scanOf(t, data, bytes.Count(data, []byte{0xff, sos})-1)
	if _, err := Decode(data[:last-20], 8); err == nil {
		t.Error("a cut stream decodes")
	}
}

// TestRepeatedScan: a band's first scan that comes again says all anew.
func TestRepeatedScan(t *testing.T) {
	data := samples(t)["progressive.jpg"]
	coefs := func(data []byte) *decoder {
		b := new(buffers)
		d := &decoder{rest: data, size: 8, data: &b.scan, strip: &b.strip}
		if err := d.read(b); err != nil {
			t.Fatal(err)
		}
		d.reconstruct()
		return d
	}
	from, to := scanOf(t, data, 1) // coefficients 1 to 5 of luma, without their lowest two bits
	header := bytes.LastIndex(data[:from], []byte{0xff, sos})
	table := bytes.LastIndex(data[:header], []byte{0xff, dht})
	if data[header+7] != 1 || data[header+8] != 5 {
		t.Fatalf("another scan: % x", data[header:from])
	}
	again := append(bytes.Clone(data[:len(data)-2]), data[table:to]...)
	got := coefs(append(again, 0xff, eoi))
	want := coefs(data)
	for i := range want.components[0].masks {
		a, b := got.components[0].masks[i], want.components[0].masks[i]
		const band = 31 << 58 // 1 to 5
		kept := a.nonzero &^ a.fresh & band
		for bit, plane := range got.components[0].planes {
			if plane != nil && plane[i]&kept != 0 {
				t.Fatalf("block %d: bit %d of a coefficient that was said anew", i, bit)
			}
		}
		if a.nonzero != b.nonzero || a.fresh != b.fresh {
			t.Fatalf("block %d: %x, %x; want %x, %x", i, a.nonzero, a.fresh, b.nonzero, b.fresh)
		}
	}
}
