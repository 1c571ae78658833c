package hevc

import "math/bits"

// Kinds of NAL units (table 7-1).
const (
	nalIDR      = 19 // with leading pictures that can be decoded
	nalIDRAlone = 20
	nalCRA      = 21
	nalSequence = 33
	nalPicture  = 34
)

// slice is the header of a slice segment (§ 7.3.6), and of a dependent one that of the slice that it belongs to.
type slice struct {
	dependent    bool
	address      int // of the segment's first coding tree block, in raster order
	start        int // of the slice's
	qp           int
	chromaQp     [2]int
	saoLuma      bool
	saoChroma    bool
	deblockOff   bool
	beta, tc     int
	acrossSlices bool
	entries      int // parts of the stream that begin anew
}

// readSlice reads a header; data is what follows it.
func (d *decoder) readSlice(kind int, payload []byte) (s *slice, data []byte, err error) {
	r := &bitReader{data: payload}
	first := r.flag()
	r.bit()
	set := d.pictureSets[r.ue()]
	if set == nil {
		return nil, nil, invalid("a slice without picture parameters")
	}
	if first == (d.pic != nil) {
		return nil, nil, unsupported("more than one picture")
	}
	if first {
		if err := d.begin(set); err != nil {
			return nil, nil, err
		}
	} else if set != d.pps {
		return nil, nil, unsupported("slices of different parameters")
	}
	sps := d.sps
	dependent, address := false, 0
	if !first {
		dependent = set.dependent && r.flag()
		address = r.bits(bits.Len(uint(sps.columns*sps.rows - 1)))
	}
	if address >= sps.columns*sps.rows {
		return nil, nil, invalid("a slice at block %d", address)
	}
	if dependent {
		if d.slice == nil {
			return nil, nil, invalid("a slice that depends on none")
		}
		copied := *d.slice
		s = &copied
	} else {
		s = &slice{start: address}
		if err := s.read(r, kind, sps, set); err != nil {
			return nil, nil, err
		}
	}
	s.dependent, s.address = dependent, address
	if err := s.readEntries(r, sps, set); err != nil {
		return nil, nil, err
	}
	if set.headerExtension {
		r.skip(8 * r.ue())
	}
	r.bit()
	at := (r.at + 7) >> 3
	if r.short || at >= len(payload) {
		return nil, nil, invalid("a slice ends in its header")
	}
	return s, payload[at:], nil
}

func (s *slice) read(r *bitReader, kind int, sps *sequence, set *pictureSet) error {
	r.bits(set.extraBits)
	if r.ue() != 2 {
		return unsupported("slices that predict from other pictures")
	}
	if set.outputFlag {
		r.bit()
	}
	if kind != nalIDR && kind != nalIDRAlone {
		return unsupported("pictures within a sequence")
	}
	if sps.sao {
		s.saoLuma = r.flag()
		s.saoChroma = sps.chroma != 0 && r.flag()
	}
	s.qp = set.qp + r.se()
	if set.sliceChromaQp {
		s.chromaQp = [2]int{r.se(), r.se()}
	}
	override := set.deblockOverride && r.flag()
	s.deblockOff, s.beta, s.tc = set.deblockOff, set.beta, set.tc
	if override {
		if s.deblockOff = r.flag(); !s.deblockOff {
			s.beta, s.tc = 2*r.se(), 2*r.se()
		}
	}
	s.acrossSlices = set.acrossSlices
	if set.acrossSlices && (s.saoLuma || s.saoChroma || !s.deblockOff) {
		s.acrossSlices = r.flag()
	}
	if s.qp < -6*(sps.bits[0]-8) || s.qp > 51 || max(s.chromaQp[0], s.chromaQp[1]) > 12 || min(s.chromaQp[0], s.chromaQp[1]) < -12 {
		return invalid("a slice's quantisation of %d", s.qp)
	}
	return nil
}

// readEntries skips the entry points: each part is found where the one before ends.
func (s *slice) readEntries(r *bitReader, sps *sequence, set *pictureSet) error {
	if !set.wavefront && len(set.columns) == 2 && len(set.rows) == 2 {
		return nil
	}
	if s.entries = r.ue(); s.entries > sps.columns*sps.rows {
		return invalid("%d entry points", s.entries)
	}
	if s.entries > 0 {
		r.skip(s.entries * (r.ue() + 1))
	}
	return nil
}
