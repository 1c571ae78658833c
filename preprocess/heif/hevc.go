package heif

// Part of a HEVC decoder configuration record and of a sequence parameter set (ITU-T H.265 § 7.3.2.2), read for the
// colour description at its end.

const spsType = 33

// sequenceColour reads the colour description of the first sequence parameter set in an hvcC property. Where there is
// none, samples have video's range, and the matrix is unspecified.
func sequenceColour(hvcC []byte) Colour {
	none := Colour{Primaries: unspecified, Matrix: unspecified}
	if len(hvcC) < 23 {
		return none
	}
	r := reader{rest: hvcC[22:]}
	for range r.uint(1) {
		kind := r.uint(1) & 0x3f
		for range r.uint(2) {
			size := int(r.uint(2))
			if r.short || size > len(r.rest) {
				return none
			}
			if kind == spsType && size > 2 {
				s := bitReader{data: unescape(r.rest[2:size])}
				if c, ok := s.sequence(); ok && !s.short {
					return c
				}
				return none
			}
			r.rest = r.rest[size:]
		}
	}
	return none
}

// unescape takes out the bytes that keep start codes from appearing (§ 7.4.2).
func unescape(data []byte) []byte {
	out := make([]byte, 0, len(data))
	zeros := 0
	for _, b := range data {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return out
}

// bitReader reads bits; beyond the end it gives zeros and remembers.
type bitReader struct {
	data  []byte
	at    int
	short bool
}

func (r *bitReader) bit() int {
	if r.at>>3 >= len(r.data) {
		r.short = true
		return 0
	}
	b := int(r.data[r.at>>3]>>(7-r.at&7)) & 1
	r.at++
	return b
}

func (r *bitReader) bits(n int) int {
	v := 0
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

func (r *bitReader) flag() bool { return r.bit() != 0 }

// golomb reads an unsigned Exp-Golomb number (§ 9.2); a signed one's value isn't needed here, but it is as long.
func (r *bitReader) golomb() int {
	zeros := 0
	for !r.flag() {
		if zeros++; zeros > 31 || r.short {
			r.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.bits(zeros)
}

// sequence reads a sequence parameter set behind its header; false where it has no colour description.
func (r *bitReader) sequence() (Colour, bool) {
	r.bits(4) // video parameter set
	layers := r.bits(3)
	r.bit()
	r.profile(layers)
	r.golomb()           // number of the set
	if r.golomb() == 3 { // chroma format
		r.bit()
	}
	r.golomb() // width
	r.golomb() // height
	if r.flag() {
		for range 4 {
			r.golomb()
		}
	}
	r.golomb() // bits of luma
	r.golomb() // and of chroma
	orderBits := r.golomb() + 4
	first := layers
	if r.flag() {
		first = 0
	}
	for range 3 * (layers - first + 1) {
		r.golomb()
	}
	for range 6 { // block and transform sizes
		r.golomb()
	}
	if r.flag() && r.flag() {
		r.scalingLists()
	}
	r.bits(2)
	if r.flag() { // PCM
		r.bits(8)
		r.golomb()
		r.golomb()
		r.bit()
	}
	if !r.referenceSets() {
		return Colour{}, false
	}
	if r.flag() { // long-term references
		for range r.golomb() {
			r.bits(orderBits + 1)
			if r.short {
				return Colour{}, false
			}
		}
	}
	r.bits(2)
	return r.usability()
}

func (r *bitReader) profile(layers int) {
	r.bits(88)
	r.bits(8)
	var has [8][2]bool
	for i := range layers {
		has[i] = [2]bool{r.flag(), r.flag()}
	}
	if layers > 0 {
		r.bits(2 * (8 - layers))
	}
	for i := range layers {
		if has[i][0] {
			r.bits(88)
		}
		if has[i][1] {
			r.bits(8)
		}
	}
}

func (r *bitReader) scalingLists() {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			if !r.flag() {
				r.golomb()
				continue
			}
			if size > 1 {
				r.golomb()
			}
			for range min(64, 1<<(4+2*size)) {
				r.golomb()
			}
		}
	}
}

// referenceSets reads the short-term reference picture sets (§ 7.3.7). A still picture has none or plain ones; sets
// that predict each other are left alone: false.
func (r *bitReader) referenceSets() bool {
	sets := r.golomb()
	if sets > 64 {
		return false
	}
	for i := range sets {
		if i > 0 && r.flag() {
			return false
		}
		for range min(r.golomb(), 16) + min(r.golomb(), 16) {
			r.golomb()
			r.bit()
		}
	}
	return !r.short
}

// usability reads the video usability information as far as the colour (annex E).
func (r *bitReader) usability() (Colour, bool) {
	c := Colour{Primaries: unspecified, Matrix: unspecified}
	if !r.flag() {
		return c, true
	}
	if r.flag() && r.bits(8) == 255 { // shape of a pixel
		r.bits(32)
	}
	if r.flag() { // overscan
		r.bit()
	}
	if r.flag() {
		r.bits(3)
		c.FullRange = r.flag()
		if r.flag() {
			c.Primaries = r.bits(8)
			r.bits(8)
			c.Matrix = r.bits(8)
		}
	}
	return c, true
}
