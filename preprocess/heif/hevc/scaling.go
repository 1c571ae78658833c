package hevc

// scaling are the factors that transform coefficients are multiplied with, 16 for one (§ 7.3.4).
type scaling struct {
	lists [4][6][64]uint8 // by log2 of the size less 2 and matrix, in the order of the diagonal scan; of 4 × 4, 16
	dc    [4][6]uint8     // of 16 × 16 and 32 × 32
	made  [4][6][]uint8   // by position: factors, row by row
}

// Default factors of 8 × 8 and larger in the order of the diagonal scan (table 7-6): intra, inter.
var defaultFactors = [2][64]uint8{
	{
		16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 16, 17, 16, 17, 18, 17, 18, 18, 17, 18, 21, 19, 20, 21, 20, 19, 21, 24, 22, 22, 24,
		24, 22, 22, 24, 25, 25, 27, 30, 27, 25, 25, 29, 31, 35, 35, 31, 29, 36, 41, 44, 41, 36, 47, 54, 54, 47, 65, 70, 65, 88, 88, 115,
	},
	{
		16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 17, 17, 17, 17, 17, 18, 18, 18, 18, 18, 18, 20, 20, 20, 20, 20, 20, 20, 24, 24, 24, 24,
		24, 24, 24, 24, 25, 25, 25, 25, 25, 25, 25, 28, 28, 28, 28, 28, 28, 33, 33, 33, 33, 33, 41, 41, 41, 41, 54, 54, 54, 71, 71, 91,
	},
}

func defaultScaling() *scaling {
	s := &scaling{}
	for size := range 4 {
		for matrix := range 6 {
			s.setDefault(size, matrix)
		}
	}
	s.make()
	return s
}

func (s *scaling) setDefault(size, matrix int) {
	s.dc[size][matrix] = 16
	s.lists[size][matrix] = defaultFactors[matrix/3]
	if size == 0 {
		for i := range s.lists[0][matrix] {
			s.lists[0][matrix][i] = 16
		}
	}
}

// read reads scaling_list_data.
func (s *scaling) read(r *bitReader, chroma int) error {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6; matrix += step {
			if !r.flag() {
				delta := r.ue() * step
				switch {
				case delta > matrix:
					return invalid("a scaling list that is made of none")
				case delta == 0:
					s.setDefault(size, matrix)
				default:
					s.lists[size][matrix] = s.lists[size][matrix-delta]
					s.dc[size][matrix] = s.dc[size][matrix-delta]
				}
				continue
			}
			next := 8
			if size > 1 {
				next = 8 + r.se()
				s.dc[size][matrix] = uint8(next)
			}
			for i := range min(64, 16<<(2*size)) {
				next = (next + r.se() + 256) & 255
				s.lists[size][matrix][i] = uint8(next)
			}
		}
	}
	if r.short {
		return invalid("its scaling lists end early")
	}
	if chroma == 3 { // chroma's of 32 × 32 are made of those of 16 × 16
		for _, matrix := range []int{1, 2, 4, 5} {
			s.lists[3][matrix], s.dc[3][matrix] = s.lists[2][matrix], s.dc[2][matrix]
		}
	}
	s.make()
	return nil
}

// make spreads the lists over the blocks.
func (s *scaling) make() {
	for size := range 4 {
		n := 4 << size
		for matrix := range 6 {
			m := make([]uint8, n*n)
			side, shift := min(n, 8), max(0, size-1)
			at := make([]uint8, 64)
			scan := diagonals(side)
			for i, p := range scan {
				at[int(p.y)*side+int(p.x)] = s.lists[size][matrix][i]
			}
			for y := range n {
				for x := range n {
					m[y*n+x] = at[(y>>shift)*side+x>>shift]
				}
			}
			if size > 1 {
				m[0] = s.dc[size][matrix]
			}
			s.made[size][matrix] = m
		}
	}
}
