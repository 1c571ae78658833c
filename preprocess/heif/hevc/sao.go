package hevc

// saoOf is how the samples of a coding tree block are offset (§ 7.4.9.3), by component.
type saoOf [3]struct {
	kind    uint8 // none, by band, by edge
	class   uint8 // of an edge: its direction
	band    uint8 // the first of four
	offsets [4]int16
}

const (
	saoNone = iota
	saoBand
	saoEdge
)

// readSao reads sample adaptive offsets of a coding tree block (§ 7.3.8.3).
func (d *decoder) readSao(x, y int) {
	columns := d.sps.columns
	at := y*columns + x
	same := func(other int) bool {
		s := d.pic.sliceOf[other]
		return s != nil && s.start == d.slice.start && d.tileOf[other] == d.tileOf[at]
	}
	if x > 0 && same(at-1) && d.bit(ctxSaoMerge) == 1 {
		d.pic.sao[at] = d.pic.sao[at-1]
		return
	}
	if y > 0 && same(at-columns) && d.bit(ctxSaoMerge) == 1 {
		d.pic.sao[at] = d.pic.sao[at-columns]
		return
	}
	all := &d.pic.sao[at]
	for c := range all {
		if c == 0 && !d.slice.saoLuma || c > 0 && !d.slice.saoChroma {
			continue
		}
		o := &all[c]
		if c == 2 {
			o.kind, o.class = all[1].kind, all[1].class
		} else if d.bit(ctxSaoType) == 1 {
			o.kind = saoBand + uint8(d.bypass())
		}
		if o.kind == saoNone {
			continue
		}
		depth := d.sps.bits[min(c, 1)]
		most := 1<<(min(depth, 10)-5) - 1
		for i := range o.offsets {
			n := 0
			for n < most && d.bypass() == 1 {
				n++
			}
			o.offsets[i] = int16(n)
		}
		if o.kind == saoBand {
			for i, v := range o.offsets {
				if v != 0 && d.bypass() == 1 {
					o.offsets[i] = -v
				}
			}
			o.band = uint8(d.bypasses(5))
		} else {
			o.offsets[2], o.offsets[3] = -o.offsets[2], -o.offsets[3]
			if c < 2 {
				o.class = uint8(d.bypasses(2))
			}
		}
	}
}

// offset applies them to the deblocked picture (§ 8.7.3).
func (d *decoder) offset() {
	if !d.sps.sao {
		return
	}
	for c := range d.pic.planes {
		p := &d.pic.planes[c]
		if p.samples == nil {
			break
		}
		var before []uint16
		for at := range d.pic.sao {
			o := &d.pic.sao[at]
			if o[c].kind == saoNone {
				continue
			}
			if before == nil {
				before = append(before, p.samples...)
			}
			d.offsetBlock(c, at, before)
		}
	}
}

// offsetBlock offsets a component's samples of a coding tree block; before is the plane as it was.
func (d *decoder) offsetBlock(c, at int, before []uint16) {
	p, s := &d.pic.planes[c], d.sps
	sx, sy := 0, 0
	if c > 0 {
		sx, sy = s.shiftX, s.shiftY
	}
	x0, y0 := at%s.columns<<s.log2Ctb>>sx, at/s.columns<<s.log2Ctb>>sy
	x1, y1 := min(x0+1<<s.log2Ctb>>sx, p.width), min(y0+1<<s.log2Ctb>>sy, p.height)
	o := &d.pic.sao[at][c]
	most := 1<<s.bits[min(c, 1)] - 1
	if o.kind == saoBand {
		var table [32]int
		for i, v := range o.offsets {
			table[(int(o.band)+i)&31] = int(v)
		}
		shift := s.bits[min(c, 1)] - 5
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				i := y*p.stride + x
				if v := int(before[i]); table[v>>shift] != 0 && !d.held(x<<sx, y<<sy) {
					p.samples[i] = uint16(min(max(v+table[v>>shift], 0), most))
				}
			}
		}
		return
	}
	step := [4][2]int{{1, 0}, {0, 1}, {1, 1}, {-1, 1}}[o.class]
	far := step[1]*p.stride + step[0]
	offsets := [5]int{int(o.offsets[0]), int(o.offsets[1]), 0, int(o.offsets[2]), int(o.offsets[3])} // by the signs' sum and 2
	strict := d.mustAsk()
	for y := y0; y < y1; y++ {
		if y-step[1] < 0 || y+step[1] >= p.height {
			continue
		}
		from, to := x0, x1
		if step[0] != 0 {
			from, to = max(from, 1), min(to, p.width-1)
		}
		for x := from; x < to; x++ {
			i := y*p.stride + x
			v := int(before[i])
			a, b := int(before[i-far]), int(before[i+far])
			k := sign(v-a) + sign(v-b)
			if k == 0 || d.held(x<<sx, y<<sy) {
				continue
			}
			if strict && (x == x0 || x == x1-1 || y == y0 || y == y1-1) &&
				!(d.reaches(at, (x-step[0])<<sx, (y-step[1])<<sy) && d.reaches(at, (x+step[0])<<sx, (y+step[1])<<sy)) {
				continue
			}
			p.samples[i] = uint16(min(max(v+offsets[k+2], 0), most))
		}
	}
}

func sign(v int) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}

// held says whether the in-loop filters leave a sample alone; x and y are those of luma.
func (d *decoder) held(x, y int) bool {
	return d.pic.anyHeld && d.pic.still[y>>2*d.pic.width4+x>>2]
}

// mustAsk says whether there are neighbours that a block's filter may not look at.
func (d *decoder) mustAsk() bool {
	return !d.pps.acrossTiles || len(d.slices) > 1
}

// reaches says whether a block's filter may look at a sample: of another tile or slice, where that is allowed.
func (d *decoder) reaches(at, x, y int) bool {
	there := y>>d.sps.log2Ctb*d.sps.columns + x>>d.sps.log2Ctb
	if there == at {
		return true
	}
	if !d.pps.acrossTiles && d.tileOf[there] != d.tileOf[at] {
		return false
	}
	mine, its := d.pic.sliceOf[at], d.pic.sliceOf[there]
	if mine.start == its.start {
		return true
	}
	if d.toTile[there] < d.toTile[at] {
		return mine.acrossSlices
	}
	return its.acrossSlices
}
