package hevc

// edges marks the left and the upper side of a transform block for deblocking (§ 8.7.2.3), where they lie on the grid of 8
// samples, and where the slice and the tile let a filter across.
func (d *decoder) edges(x, y, log2 int) {
	if d.slice.deblockOff {
		return
	}
	p, n := d.pic, 1<<(log2-2)
	if x&7 == 0 && d.crosses(x, y, x-1, y) {
		for i := range n {
			p.edgesV[(y>>2+i)*p.width4+x>>2] = 1
		}
	}
	if y&7 == 0 && d.crosses(x, y, x, y-1) {
		for i := range n {
			p.edgesH[y>>2*p.width4+x>>2+i] = 1
		}
	}
}

// crosses says whether a filter may reach from a place to one in front of it.
func (d *decoder) crosses(x, y, nx, ny int) bool {
	if nx < 0 || ny < 0 {
		return false
	}
	log2, columns := d.sps.log2Ctb, d.sps.columns
	here, there := y>>log2*columns+x>>log2, ny>>log2*columns+nx>>log2
	if here == there {
		return true
	}
	other := d.pic.sliceOf[there]
	if other == nil { // of a slice that is missing
		return false
	}
	return (d.slice.acrossSlices || other.start == d.slice.start) && (d.pps.acrossTiles || d.tileOf[here] == d.tileOf[there])
}

// Tables 8-12: β′ and tC′.
var betas, tcs = func() (betas [52]int, tcs [54]int) {
	for q := 16; q < 52; q++ {
		betas[q] = q - 10
		if q > 28 {
			betas[q] = 2*q - 38
		}
	}
	copy(tcs[18:], []int{
		1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 16, 18, 20, 22, 24,
	})
	return betas, tcs
}()

// deblock smooths the edges of blocks (§ 8.7.2): the upright ones of the whole picture, then the others. All blocks are predicted
// from their own picture, so each edge has a strength of 2.
func (d *decoder) deblock() {
	for _, upright := range []bool{true, false} {
		edges := d.pic.edgesH
		if upright {
			edges = d.pic.edgesV
		}
		for at, is := range edges {
			if is == 0 {
				continue
			}
			x, y := at%d.pic.width4*4, at/d.pic.width4*4
			d.deblockLuma(x, y, upright)
			if d.sps.chroma != 0 {
				d.deblockChroma(x, y, upright)
			}
		}
	}
}

// edge is four samples' length of an edge of luma.
type edge struct {
	qp       int
	slice    *slice
	heldP    bool // the side before it is left alone
	heldQ    bool
	across   int // distance of samples across the edge, and along it
	along    int
	beta, tc int
	most     int
}

func (d *decoder) edgeAt(x, y int, upright bool, p *plane) edge {
	before := (y>>2)*d.pic.width4 + x>>2 - d.pic.width4
	e := edge{across: p.stride, along: 1}
	if upright {
		before = (y>>2)*d.pic.width4 + x>>2 - 1
		e.across, e.along = 1, p.stride
	}
	here := (y>>2)*d.pic.width4 + x>>2
	e.qp = (int(d.pic.qp[before]) + int(d.pic.qp[here]) + 1) >> 1
	e.heldP, e.heldQ = d.pic.still[before], d.pic.still[here]
	e.slice = d.pic.sliceOf[y>>d.sps.log2Ctb*d.sps.columns+x>>d.sps.log2Ctb]
	return e
}

func (d *decoder) deblockLuma(x, y int, upright bool) {
	p := &d.pic.planes[0]
	e := d.edgeAt(x, y, upright, p)
	deep := d.sps.bits[0] - 8
	e.beta = betas[min(max(e.qp+e.slice.beta, 0), 51)] << deep
	e.tc = tcs[min(max(e.qp+2+e.slice.tc, 0), 53)] << deep
	e.most = 1<<d.sps.bits[0] - 1
	e.luma(p.samples, y*p.stride+x)
}

// luma filters an edge behind which the sample at lies first (§ 8.7.2.5.3, § 8.7.2.5.6, § 8.7.2.5.7).
func (e *edge) luma(s []uint16, at int) {
	a := e.across
	v := func(k, i int) int { return int(s[at+k*e.along+i*a]) } // i: -1 is p0, 0 is q0
	bend := func(k, i, j, l int) int { return abs(v(k, i) - 2*v(k, j) + v(k, l)) }
	p0, p3 := bend(0, -3, -2, -1), bend(3, -3, -2, -1)
	q0, q3 := bend(0, 2, 1, 0), bend(3, 2, 1, 0)
	if p0+q0+p3+q3 >= e.beta {
		return
	}
	flat := func(k, bends int) bool {
		return 2*bends < e.beta>>2 && abs(v(k, -4)-v(k, -1))+abs(v(k, 0)-v(k, 3)) < e.beta>>3 && abs(v(k, -1)-v(k, 0)) < (5*e.tc+1)>>1
	}
	if flat(0, p0+q0) && flat(3, p3+q3) {
		for k := range 4 {
			e.strong(s, at+k*e.along)
		}
		return
	}
	side := (e.beta + e.beta>>1) >> 3
	for k := range 4 {
		e.weak(s, at+k*e.along, p0+p3 < side, q0+q3 < side)
	}
}

func (e *edge) strong(s []uint16, at int) {
	a := e.across
	p3, p2, p1, p0 := int(s[at-4*a]), int(s[at-3*a]), int(s[at-2*a]), int(s[at-a])
	q0, q1, q2, q3 := int(s[at]), int(s[at+a]), int(s[at+2*a]), int(s[at+3*a])
	near := func(v, old int) uint16 { return uint16(min(max(v, old-2*e.tc), old+2*e.tc)) }
	if !e.heldP {
		s[at-a] = near((p2+2*p1+2*p0+2*q0+q1+4)>>3, p0)
		s[at-2*a] = near((p2+p1+p0+q0+2)>>2, p1)
		s[at-3*a] = near((2*p3+3*p2+p1+p0+q0+4)>>3, p2)
	}
	if !e.heldQ {
		s[at] = near((p1+2*p0+2*q0+2*q1+q2+4)>>3, q0)
		s[at+a] = near((p0+q0+q1+q2+2)>>2, q1)
		s[at+2*a] = near((p0+q0+q1+3*q2+2*q3+4)>>3, q2)
	}
}

func (e *edge) weak(s []uint16, at int, moreP, moreQ bool) {
	a := e.across
	p2, p1, p0 := int(s[at-3*a]), int(s[at-2*a]), int(s[at-a])
	q0, q1, q2 := int(s[at]), int(s[at+a]), int(s[at+2*a])
	delta := (9*(q0-p0) - 3*(q1-p1) + 8) >> 4
	if abs(delta) >= 10*e.tc {
		return
	}
	delta = min(max(delta, -e.tc), e.tc)
	half := e.tc >> 1
	if !e.heldP {
		s[at-a] = e.clip(p0 + delta)
		if moreP {
			s[at-2*a] = e.clip(p1 + min(max(((p2+p0+1)>>1-p1+delta)>>1, -half), half))
		}
	}
	if !e.heldQ {
		s[at] = e.clip(q0 - delta)
		if moreQ {
			s[at+a] = e.clip(q1 + min(max(((q2+q0+1)>>1-q1-delta)>>1, -half), half))
		}
	}
}

func (e *edge) clip(v int) uint16 { return uint16(min(max(v, 0), e.most)) }

// deblockChroma filters the chroma along a luma edge's four samples, where it lies on chroma's grid of 8 (§ 8.7.2.5.5).
func (d *decoder) deblockChroma(x, y int, upright bool) {
	s := d.sps
	if upright && x>>s.shiftX&7 != 0 || !upright && y>>s.shiftY&7 != 0 {
		return
	}
	for c := 1; c < 3; c++ {
		p := &d.pic.planes[c]
		e := d.edgeAt(x, y, upright, p)
		length := 4 >> s.shiftX
		if upright {
			length = 4 >> s.shiftY
		}
		qp := chromaQp(e.qp+d.pps.chromaQp[c-1], s.chroma)
		e.tc = tcs[min(max(qp+2+e.slice.tc, 0), 53)] << (s.bits[1] - 8)
		e.most = 1<<s.bits[1] - 1
		for k := range length {
			e.chroma(p.samples, y>>s.shiftY*p.stride+x>>s.shiftX+k*e.along)
		}
	}
}

func (e *edge) chroma(s []uint16, at int) {
	a := e.across
	p1, p0, q0, q1 := int(s[at-2*a]), int(s[at-a]), int(s[at]), int(s[at+a])
	delta := min(max((4*(q0-p0)+p1-q1+4)>>3, -e.tc), e.tc)
	if !e.heldP {
		s[at-a] = e.clip(p0 + delta)
	}
	if !e.heldQ {
		s[at] = e.clip(q0 - delta)
	}
}
