package hevc

// sequence is a sequence parameter set (§ 7.3.2.2), as far as still pictures need it.
type sequence struct {
	id             int
	chroma         int // chroma_format_idc: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4
	width, height  int // of luma, whole coding blocks
	window         [4]int
	bits           [2]int // of luma, of chroma
	log2MinCb      int
	log2Ctb        int
	log2MinTb      int
	log2MaxTb      int
	intraDepth     int
	lists          bool // scaling lists are in use
	scaling        *scaling
	sao            bool
	pcm            bool
	pcmBits        [2]int
	log2MinPcm     int
	log2MaxPcm     int
	pcmUnfiltered  bool
	strong         bool // strong intra smoothing
	columns, rows  int  // coding tree blocks
	shiftX, shiftY int  // log2 of chroma's subsampling
	colour         Colour
}

// Colour is what a sequence says about its samples, in the code points of ITU-T H.273.
type Colour struct {
	Primaries, Matrix int // 2: unspecified
	FullRange         bool
}

const unspecified = 2

// maxSide bounds a picture's sides; a tile of a photograph has 512.
const maxSide = 1 << 14

func readSequence(data []byte) (*sequence, error) {
	r := &bitReader{data: data}
	s := &sequence{colour: Colour{Primaries: unspecified, Matrix: unspecified}}
	r.bits(4) // video parameter set
	layers := r.bits(3)
	r.bit()
	r.profile(layers)
	s.id = r.ue()
	s.chroma = r.ue()
	if s.chroma > 3 {
		return nil, invalid("chroma format %d", s.chroma)
	}
	if s.chroma == 3 && r.flag() {
		return nil, unsupported("separate colour planes")
	}
	s.width, s.height = r.ue(), r.ue()
	if r.flag() {
		for i := range s.window {
			s.window[i] = r.ue()
		}
	}
	s.bits = [2]int{8 + r.ue(), 8 + r.ue()}
	orderBits := r.ue() + 4
	from := layers
	if r.flag() {
		from = 0
	}
	for range 3 * (layers - from + 1) {
		r.ue()
	}
	s.log2MinCb = r.ue() + 3
	s.log2Ctb = s.log2MinCb + r.ue()
	s.log2MinTb = r.ue() + 2
	s.log2MaxTb = s.log2MinTb + r.ue()
	r.ue()
	s.intraDepth = r.ue()
	if r.short {
		return nil, invalid("its sequence parameters end early")
	}
	if s.lists = r.flag(); s.lists {
		s.scaling = defaultScaling()
		if r.flag() {
			if err := s.scaling.read(r, s.chroma); err != nil {
				return nil, err
			}
		}
	}
	r.bit() // asymmetric partitions: of inter prediction
	s.sao = r.flag()
	if s.pcm = r.flag(); s.pcm {
		s.pcmBits = [2]int{1 + r.bits(4), 1 + r.bits(4)}
		s.log2MinPcm = r.ue() + 3
		s.log2MaxPcm = s.log2MinPcm + r.ue()
		s.pcmUnfiltered = r.flag()
	}
	if err := r.referenceSets(); err != nil {
		return nil, err
	}
	if r.flag() { // long-term references
		for range r.ue() {
			r.bits(orderBits + 1)
			if r.short {
				return nil, invalid("its sequence parameters end early")
			}
		}
	}
	r.bit() // temporal motion vectors
	s.strong = r.flag()
	if r.flag() {
		if err := r.usability(&s.colour, layers); err != nil {
			return nil, err
		}
	}
	if r.flag() && r.bits(8) != 0 { // range, multilayer, 3D, screen content
		// The tools of the range extension are nine flags, of which a stream may also say that it uses none.
		r.at -= 8
		ranged, others := r.flag(), r.bits(7)
		if others != 0 || ranged && r.bits(9) != 0 {
			return s, unsupported("tools of an extension")
		}
	}
	return s, s.check(r)
}

func (s *sequence) check(r *bitReader) error {
	switch {
	case r.short:
		return invalid("its sequence parameters end early")
	case s.bits[0] > 12 || s.bits[1] > 12:
		return unsupported("samples of more than 12 bits")
	case s.log2Ctb > 6 || s.log2Ctb < 4 || s.log2MaxTb > min(5, s.log2Ctb) || s.log2MinTb >= s.log2MinCb:
		return invalid("block sizes %d %d %d %d", s.log2MinCb, s.log2Ctb, s.log2MinTb, s.log2MaxTb)
	case s.intraDepth > s.log2Ctb-s.log2MinTb:
		return invalid("transform trees of depth %d", s.intraDepth)
	case s.pcm && (s.log2MaxPcm > min(5, s.log2Ctb) || s.pcmBits[0] > s.bits[0] || s.pcmBits[1] > s.bits[1]):
		return invalid("uncoded blocks of 2^%d", s.log2MaxPcm)
	case s.width < 1 || s.height < 1 || s.width > maxSide || s.height > maxSide || (s.width|s.height)&(1<<s.log2MinCb-1) != 0:
		return invalid("%d x %d samples", s.width, s.height)
	}
	if s.chroma == 1 || s.chroma == 2 {
		s.shiftX = 1
	}
	if s.chroma == 1 {
		s.shiftY = 1
	}
	for i, w := range s.window {
		if w > maxSide {
			return invalid("a window of %v", s.window)
		}
		if i < 2 {
			s.window[i] = w << s.shiftX
		} else {
			s.window[i] = w << s.shiftY
		}
	}
	if s.window[0]+s.window[1] >= s.width || s.window[2]+s.window[3] >= s.height {
		return invalid("a window of %v in %d x %d samples", s.window, s.width, s.height)
	}
	s.columns = (s.width + 1<<s.log2Ctb - 1) >> s.log2Ctb
	s.rows = (s.height + 1<<s.log2Ctb - 1) >> s.log2Ctb
	return nil
}

// profile skips profile_tier_level (§ 7.3.3).
func (r *bitReader) profile(layers int) {
	r.skip(96)
	var has [8][2]bool
	for i := range layers {
		has[i] = [2]bool{r.flag(), r.flag()}
	}
	if layers > 0 {
		r.skip(2 * (8 - layers))
	}
	for i := range layers {
		if has[i][0] {
			r.skip(88)
		}
		if has[i][1] {
			r.skip(8)
		}
	}
}

// referenceSets skips the short-term reference picture sets (§ 7.3.7). A still picture has none or plain ones.
func (r *bitReader) referenceSets() error {
	sets := r.ue()
	if sets > 64 {
		return invalid("%d reference picture sets", sets)
	}
	for i := range sets {
		if i > 0 && r.flag() {
			return unsupported("reference picture sets that predict each other")
		}
		negative, positive := r.ue(), r.ue()
		if negative > 16 || positive > 16 {
			return invalid("%d reference pictures", negative+positive)
		}
		for range negative + positive {
			r.ue()
			r.bit()
		}
	}
	return nil
}

// usability reads the video usability information (annex E.2.1).
func (r *bitReader) usability(c *Colour, layers int) error {
	if r.flag() && r.bits(8) == 255 { // shape of a sample
		r.skip(32)
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
	if r.flag() { // where chroma lies
		r.ue()
		r.ue()
	}
	r.bits(3)
	if r.flag() { // default display window
		for range 4 {
			r.ue()
		}
	}
	if r.flag() { // timing
		r.skip(64)
		if r.flag() {
			r.ue()
		}
		if r.flag() {
			return unsupported("parameters of a reference decoder")
		}
	}
	if r.flag() { // restrictions
		r.bits(3)
		for range 5 {
			r.ue()
		}
	}
	return nil
}
