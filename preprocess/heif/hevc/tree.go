package hevc

// tree is the state of the coding quadtree.
type tree struct {
	owner     uint32 // of blocks that are being decoded: slice and tile
	lastQp    int    // of the coding block before, in the order of decoding
	groupQp   int    // that is predicted for the quantisation group
	qpDelta   int
	qpCoded   bool // the group's delta was read
	coding    block
	transform transformBuffers
	refs      references
}

// block is a coding block that is being decoded.
type block struct {
	x, y, log2 int
	bypass     bool // neither transformed nor quantised
	modes      [4]uint8
	chroma     [4]uint8
	split      bool // its prediction is in four parts
	qp         int
	chromaQp   [2]int
}

// Prediction modes (§ 8.4.2).
const (
	planar     = 0
	dc         = 1
	horizontal = 10
	vertical   = 26
)

// treeBlock decodes a coding tree block (§ 7.3.8.2).
func (d *decoder) treeBlock(x, y int) error {
	d.tree.owner = uint32(len(d.slices))<<16 | uint32(d.tileOf[y*d.sps.columns+x])
	if d.slice.saoLuma || d.slice.saoChroma {
		d.readSao(x, y)
	}
	return d.quadtree(x<<d.sps.log2Ctb, y<<d.sps.log2Ctb, d.sps.log2Ctb, 0)
}

// known says whether the samples at a place are decoded and of the same slice and tile (§ 6.4.1).
func (d *decoder) known(x, y int) bool {
	return x >= 0 && y >= 0 && x < d.sps.width && y < d.sps.height && d.pic.owner[y>>2*d.pic.width4+x>>2] == d.tree.owner
}

func (d *decoder) quadtree(x, y, log2, depth int) error {
	s := d.sps
	split := log2 > s.log2MinCb
	if x+1<<log2 <= s.width && y+1<<log2 <= s.height && split {
		deeper := 0
		if d.known(x-1, y) && int(d.pic.depth[y>>2*d.pic.width4+(x-1)>>2]) > depth {
			deeper++
		}
		if d.known(x, y-1) && int(d.pic.depth[(y-1)>>2*d.pic.width4+x>>2]) > depth {
			deeper++
		}
		split = d.bit(ctxSplitCu+deeper) == 1
	}
	if d.pps.qpDelta && log2 >= s.log2Ctb-d.pps.log2QpGroup {
		d.qpCoded, d.qpDelta = false, 0
	}
	if log2 >= s.log2Ctb-d.pps.log2QpGroup {
		d.predictQp(x, y)
	}
	if !split {
		return d.codingBlock(x, y, log2, depth)
	}
	half := 1 << (log2 - 1)
	for i := range 4 {
		x, y := x+i&1*half, y+i>>1*half
		if x < s.width && y < s.height {
			if err := d.quadtree(x, y, log2-1, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// predictQp predicts the quantisation of a group that begins at a place (§ 8.6.1).
func (d *decoder) predictQp(x, y int) {
	log2 := d.sps.log2Ctb
	near := func(nx, ny int) int {
		if nx>>log2 != x>>log2 || ny>>log2 != y>>log2 || !d.known(nx, ny) {
			return d.lastQp
		}
		return int(d.pic.qp[ny>>2*d.pic.width4+nx>>2])
	}
	d.groupQp = (near(x-1, y) + near(x, y-1) + 1) >> 1
}

// codingBlock decodes a coding unit (§ 7.3.8.5).
func (d *decoder) codingBlock(x, y, log2, depth int) error {
	s := d.sps
	d.coding = block{x: x, y: y, log2: log2}
	b := &d.coding
	b.bypass = d.pps.bypass && d.bit(ctxBypass) == 1
	b.split = log2 == s.log2MinCb && d.bit(ctxPartMode) == 0
	d.setQp()
	fillBlock(d, d.pic.depth, uint8(depth))
	if !b.split && s.pcm && log2 >= s.log2MinPcm && log2 <= s.log2MaxPcm && d.end() {
		d.uncoded()
		return nil
	}
	if b.bypass {
		d.holdStill()
	}
	d.readModes()
	if err := d.transformTree(transformNode{x: x, y: y, baseX: x, baseY: y, log2: log2, coded: [2]uint8{3, 3}}); err != nil {
		return err
	}
	d.keepQp()
	return nil
}

// fill sets what is known of each 4 × 4 samples of a block.
func fill[T any](of []T, width4, x, y, log2 int, value T) {
	n := 1 << (log2 - 2)
	for row := range n {
		line := of[(y>>2+row)*width4+x>>2:][:n]
		for i := range line {
			line[i] = value
		}
	}
}

// fillBlock is fill, of the coding block.
func fillBlock[T any](d *decoder, of []T, value T) {
	fill(of, d.pic.width4, d.coding.x, d.coding.y, d.coding.log2, value)
}

// holdStill keeps the in-loop filters off the coding block.
func (d *decoder) holdStill() {
	fillBlock(d, d.pic.still, true)
	d.pic.anyHeld = true
}

// keepQp writes the coding block's quantisation down, for the blocks that follow and for deblocking.
func (d *decoder) keepQp() {
	fillBlock(d, d.pic.qp, int8(d.coding.qp))
	d.lastQp = d.coding.qp
}

// own marks samples of luma as decoded.
func (d *decoder) own(x, y, log2 int) { fill(d.pic.owner, d.pic.width4, x, y, log2, d.tree.owner) }

// setQp derives the coding block's quantisation (§ 8.6.1), of chroma with its offset of more than 8 bits.
func (d *decoder) setQp() {
	b, s := &d.coding, d.sps
	offset := 6 * (s.bits[0] - 8)
	b.qp = (d.groupQp+d.qpDelta+52+2*offset)%(52+offset) - offset
	for i := range 2 {
		offset := 6 * (s.bits[1] - 8)
		qp := min(max(b.qp+d.pps.chromaQp[i]+d.slice.chromaQp[i], -offset), 57)
		if s.chroma == 1 {
			qp = chromaQp(qp, s.chroma)
		} // else the specification bounds it by 51, as in deblocking; libde265, by which pictures are seen, does not
		b.chromaQp[i] = qp + offset
	}
}

// chromaQp is table 8-10.
func chromaQp(qp, chroma int) int {
	switch {
	case chroma != 1:
		return min(qp, 51)
	case qp < 30:
		return qp
	case qp >= 43:
		return qp - 6
	}
	return int([...]uint8{29, 30, 31, 32, 33, 33, 34, 34, 35, 35, 36, 36, 37}[qp-30])
}

// uncoded reads a block's samples as they are (§ 7.3.8.7).
func (d *decoder) uncoded() {
	b, s := &d.coding, d.sps
	r := bitReader{data: d.cabac.data, at: 8 * d.next()}
	for c := range d.pic.planes {
		p := &d.pic.planes[c]
		if p.samples == nil {
			break
		}
		x, y, width, height, kind := b.x, b.y, 1<<b.log2, 1<<b.log2, 0
		if c > 0 {
			x, y, width, height, kind = x>>s.shiftX, y>>s.shiftY, width>>s.shiftX, height>>s.shiftY, 1
		}
		for row := range height {
			line := p.samples[(y+row)*p.stride+x:][:width]
			for i := range line {
				line[i] = uint16(r.bits(s.pcmBits[kind]) << (s.bits[kind] - s.pcmBits[kind]))
			}
		}
	}
	d.start((r.at + 7) >> 3)
	fillBlock(d, d.pic.mode, dc)
	d.own(b.x, b.y, b.log2)
	d.edges(b.x, b.y, b.log2)
	d.keepQp()
	if s.pcmUnfiltered || b.bypass {
		d.holdStill()
	}
}

// readModes reads how the block is predicted (§ 7.3.8.5, § 8.4.2, § 8.4.3).
func (d *decoder) readModes() {
	b := &d.coding
	parts, size := 1, 1<<b.log2
	if b.split {
		parts, size = 4, size/2
	}
	var listed [4]bool
	for i := range parts {
		listed[i] = d.bit(ctxPrevMode) == 1
	}
	for i := range parts {
		x, y := b.x+i&1*size, b.y+i>>1*size
		list := d.likelyModes(x, y)
		if listed[i] {
			at := 0
			if d.bypass() == 1 {
				at = 1 + d.bypass()
			}
			b.modes[i] = list[at]
		} else {
			b.modes[i] = otherMode(list, uint8(d.bypasses(5)))
		}
		fill(d.pic.mode, d.pic.width4, x, y, b.log2-parts>>2, b.modes[i])
	}
	if !b.split {
		b.modes[1], b.modes[2], b.modes[3] = b.modes[0], b.modes[0], b.modes[0]
	}
	if d.sps.chroma == 0 {
		return
	}
	if d.sps.chroma != 3 {
		parts = 1
	}
	for i := range parts {
		b.chroma[i] = d.readChromaMode(b.modes[i])
	}
	if parts == 1 {
		b.chroma[1], b.chroma[2], b.chroma[3] = b.chroma[0], b.chroma[0], b.chroma[0]
	}
}

// likelyModes are the three that the neighbours make likely.
func (d *decoder) likelyModes(x, y int) [3]uint8 {
	left, above := uint8(dc), uint8(dc)
	if d.near(x-1, y) {
		left = d.pic.mode[y>>2*d.pic.width4+(x-1)>>2]
	}
	if (y-1)>>d.sps.log2Ctb == y>>d.sps.log2Ctb && d.near(x, y-1) {
		above = d.pic.mode[(y-1)>>2*d.pic.width4+x>>2]
	}
	switch {
	case left == above && left < 2:
		return [3]uint8{planar, dc, vertical}
	case left == above:
		return [3]uint8{left, 2 + (left+29)&31, 2 + (left-2+1)&31}
	case left != planar && above != planar:
		return [3]uint8{left, above, planar}
	case left != dc && above != dc:
		return [3]uint8{left, above, dc}
	}
	return [3]uint8{left, above, vertical}
}

// near is known, or within the coding block, whose modes are read before it is decoded.
func (d *decoder) near(x, y int) bool {
	return x >= d.coding.x && y >= d.coding.y || d.known(x, y)
}

// otherMode is the mode of a number among those that aren't likely.
func otherMode(likely [3]uint8, mode uint8) uint8 {
	a, b, c := likely[0], likely[1], likely[2]
	if a > b {
		a, b = b, a
	}
	if a > c {
		a, c = c, a
	}
	if b > c {
		b, c = c, b
	}
	for _, m := range [3]uint8{a, b, c} {
		if mode >= m {
			mode++
		}
	}
	return mode
}

// modes422 is table 8-3: the direction of 4:2:2, whose samples are twice as wide as high.
var modes422 = [35]uint8{
	0, 1, 2, 2, 2, 2, 3, 5, 7, 8, 10, 12, 13, 15, 17, 18, 19, 20, 21, 22, 23, 23, 24, 24, 25, 25, 26, 27, 27, 28, 28, 29, 29, 30, 31,
}

func (d *decoder) readChromaMode(luma uint8) uint8 {
	mode := luma
	if d.bit(ctxChromaMode) == 1 {
		if mode = [4]uint8{planar, vertical, horizontal, dc}[d.bypasses(2)]; mode == luma {
			mode = 34
		}
	}
	if d.sps.chroma == 2 {
		mode = modes422[mode]
	}
	return mode
}

// transformNode is a node of a transform tree.
type transformNode struct {
	x, y, log2, depth int
	baseX, baseY      int      // of the node above
	number            int      // among the four of that
	quarter           int      // of the coding block, that it lies in
	coded             [2]uint8 // cbf_cb and cbf_cr, of the node above: a bit for each of 4:2:2's two blocks
}

// transformTree decodes a transform tree (§ 7.3.8.8).
func (d *decoder) transformTree(n transformNode) error {
	s, b, log2, depth := d.sps, &d.coding, n.log2, n.depth
	maxDepth := s.intraDepth
	if b.split {
		maxDepth++
	}
	var split bool
	if log2 <= s.log2MaxTb && log2 > s.log2MinTb && depth < maxDepth && !(b.split && depth == 0) {
		split = d.bit(ctxSplitTransform+5-log2) == 1
	} else {
		split = log2 > s.log2MaxTb || b.split && depth == 0
	}
	if log2 > 2 && s.chroma != 0 || s.chroma == 3 {
		for c, above := range n.coded {
			n.coded[c] = 0
			if above == 0 {
				continue
			}
			n.coded[c] = uint8(d.bit(ctxCbfChroma + depth))
			if s.chroma == 2 && (!split || log2 == 3) {
				n.coded[c] |= uint8(d.bit(ctxCbfChroma+depth)) << 1
			}
		}
	} else if s.chroma == 0 {
		n.coded = [2]uint8{}
	}
	if split {
		half := 1 << (log2 - 1)
		for i := range 4 {
			inner := transformNode{
				x: n.x + i&1*half, y: n.y + i>>1*half, log2: log2 - 1, depth: depth + 1,
				baseX: n.x, baseY: n.y, number: i, quarter: n.quarter, coded: n.coded,
			}
			if depth == 0 {
				inner.quarter = i
			}
			if err := d.transformTree(inner); err != nil {
				return err
			}
		}
		return nil
	}
	first := 0
	if depth == 0 {
		first = 1
	}
	return d.transformUnit(&n, d.bit(ctxCbfLuma+first) == 1)
}

// transformUnit predicts and decodes the samples of a transform block, and of its chroma (§ 7.3.8.10).
func (d *decoder) transformUnit(n *transformNode, luma bool) error {
	s, b, x, y, log2 := d.sps, &d.coding, n.x, n.y, n.log2
	if (luma || n.coded != [2]uint8{}) && d.pps.qpDelta && !d.qpCoded {
		if err := d.readQpDelta(); err != nil {
			return err
		}
	}
	d.edges(x, y, log2)
	d.predict(0, x, y, log2, b.modes[n.quarter])
	if luma {
		if err := d.residual(0, x, y, log2, b.modes[n.quarter], b.qp+6*(s.bits[0]-8)); err != nil {
			return err
		}
	}
	d.own(x, y, log2)
	small := log2 == 2 && s.chroma != 3
	if s.chroma == 0 || small && n.number != 3 {
		return nil
	}
	if small { // four luma blocks share one of chroma
		x, y = n.baseX, n.baseY
	}
	chromaLog2 := log2 - s.shiftX
	if small {
		chromaLog2 = 2
	}
	blocks := 1
	if s.chroma == 2 {
		blocks = 2 // one below the other
	}
	for c := range 2 {
		for i := range blocks {
			cx, cy := x>>s.shiftX, y>>s.shiftY+i<<chromaLog2
			d.predict(c+1, cx, cy, chromaLog2, b.chroma[n.quarter])
			if n.coded[c]>>i&1 != 0 {
				if err := d.residual(c+1, cx, cy, chromaLog2, b.chroma[n.quarter], b.chromaQp[c]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// readQpDelta reads cu_qp_delta_abs and its sign (§ 7.3.8.14).
func (d *decoder) readQpDelta() error {
	value := 0
	for value < 5 && d.bit(ctxQpDelta+min(value, 1)) == 1 {
		value++
	}
	if value == 5 {
		k := 0
		for d.bypass() == 1 {
			value += 1 << k
			if k++; k > 8 {
				return invalid("a quantisation off by more than there is")
			}
		}
		value += d.bypasses(k)
	}
	if value != 0 && d.bypass() == 1 {
		value = -value
	}
	offset := 6 * (d.sps.bits[0] - 8)
	if value < -26-offset/2 || value > 25+offset/2 {
		return invalid("a quantisation off by %d", value)
	}
	d.qpCoded, d.qpDelta = true, value
	d.setQp()
	return nil
}
