package hevc

// pictureSet is a picture parameter set (§ 7.3.2.3).
type pictureSet struct {
	id, sequence    int
	dependent       bool // dependent slice segments
	outputFlag      bool
	extraBits       int
	signHiding      bool
	qp              int
	transformSkip   bool
	qpDelta         bool
	log2QpGroup     int // log2 of a quantisation group's size, less than the coding tree block's by this
	chromaQp        [2]int
	sliceChromaQp   bool
	bypass          bool // transquant_bypass
	wavefront       bool
	columns, rows   []int // of tiles: their borders, in coding tree blocks; nil: one tile
	acrossTiles     bool
	acrossSlices    bool
	deblockOverride bool
	deblockOff      bool
	beta, tc        int
	scaling         *scaling // nil: the sequence's
	headerExtension bool
}

func readPictureSet(data []byte, sequences map[int]*sequence) (*pictureSet, error) {
	r := &bitReader{data: data}
	p := &pictureSet{acrossTiles: true}
	p.id, p.sequence = r.ue(), r.ue()
	s := sequences[p.sequence]
	if s == nil {
		return nil, invalid("picture parameters without their sequence's")
	}
	p.dependent = r.flag()
	p.outputFlag = r.flag()
	p.extraBits = r.bits(3)
	p.signHiding = r.flag()
	r.bit() // cabac_init_present: of other slices
	r.ue()
	r.ue()
	p.qp = 26 + r.se()
	r.bit() // constrained intra prediction: all is intra
	p.transformSkip = r.flag()
	if p.qpDelta = r.flag(); p.qpDelta {
		p.log2QpGroup = r.ue()
	}
	p.chromaQp = [2]int{r.se(), r.se()}
	p.sliceChromaQp = r.flag()
	r.bits(2) // weighted prediction
	p.bypass = r.flag()
	tiles := r.flag()
	p.wavefront = r.flag()
	if tiles {
		columns, rows := r.ue()+1, r.ue()+1
		if r.short || columns > s.columns || rows > s.rows {
			return nil, invalid("%d x %d tiles in %d x %d blocks", columns, rows, s.columns, s.rows)
		}
		uniform := r.flag()
		var err error
		if p.columns, err = r.borders(columns, s.columns, uniform); err != nil {
			return nil, err
		}
		if p.rows, err = r.borders(rows, s.rows, uniform); err != nil {
			return nil, err
		}
		p.acrossTiles = r.flag()
	} else {
		p.columns, p.rows = []int{0, s.columns}, []int{0, s.rows}
	}
	p.acrossSlices = r.flag()
	if r.flag() {
		p.deblockOverride = r.flag()
		if p.deblockOff = r.flag(); !p.deblockOff {
			p.beta, p.tc = 2*r.se(), 2*r.se()
		}
	}
	if r.flag() {
		p.scaling = defaultScaling()
		if err := p.scaling.read(r, s.chroma); err != nil {
			return nil, err
		}
	}
	r.bit() // modification of reference lists
	r.ue()
	p.headerExtension = r.flag()
	if r.flag() && r.bits(8) != 0 {
		return nil, unsupported("picture parameters of an extension")
	}
	switch {
	case r.short:
		return nil, invalid("its picture parameters end early")
	case p.log2QpGroup > s.log2Ctb-s.log2MinCb:
		return nil, invalid("quantisation groups of depth %d", p.log2QpGroup)
	case max(p.chromaQp[0], p.chromaQp[1]) > 12 || min(p.chromaQp[0], p.chromaQp[1]) < -12:
		return nil, invalid("chroma's quantisation is off by %v", p.chromaQp)
	}
	return p, nil
}

// borders reads where tiles end, in coding tree blocks.
func (r *bitReader) borders(count, blocks int, uniform bool) ([]int, error) {
	list := make([]int, count+1)
	for i := range count {
		list[i+1] = list[i] + r.ueUnless(uniform || i == count-1) + 1
		if uniform {
			list[i+1] = (i + 1) * blocks / count
		}
	}
	if list[count] > blocks || list[count-1] >= blocks {
		return nil, invalid("tiles end at %v of %d blocks", list, blocks)
	}
	list[count] = blocks
	return list, nil
}

func (r *bitReader) ueUnless(not bool) int {
	if not {
		return 0
	}
	return r.ue()
}
