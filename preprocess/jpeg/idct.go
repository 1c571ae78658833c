package jpeg

// Factors of the inverse DCT (Loeffler, Ligtenberg and Moschytz 1989), times 2^13, as in jidctint.c.
const (
	fix0298 = 2446
	fix0390 = 3196
	fix0541 = 4433
	fix0765 = 6270
	fix0899 = 7373
	fix1175 = 9633
	fix1306 = 10703
	fix1501 = 12299
	fix1847 = 15137
	fix1961 = 16069
	fix2053 = 16819
	fix2562 = 20995
	fix3072 = 25172

	constBits = 13
	passBits  = 2
)

// block is one block's coefficients or what is made of them, row by row.
type block [64]int32

// idct8 writes a block's 8 x 8 samples, rounded as jidctint.c rounds.
func idct8(out []uint8, stride int, k *kept, factors *[64]int32) {
	if k.last == 0 {
		fill(out, stride, clamp8((k.dc*factors[0]+4)>>3+128))
		return
	}
	run.idct8(out, stride, k, factors)
}

func idct8Plain(out []uint8, stride int, k *kept, factors *[64]int32) {
	var b, w block
	for i, f := range factors {
		b[i] = int32(k.ac[i]) * f
	}
	b[0] = k.dc * factors[0]
	for x := range 8 {
		column(&b, &w, x)
	}
	for y := range 8 {
		row(out[y*stride:y*stride+8:y*stride+8], (*[8]int32)(w[8*y:]))
	}
}

func fill(out []uint8, stride int, v uint8) {
	for y := range 8 {
		line := out[y*stride : y*stride+8 : y*stride+8]
		for x := range line {
			line[x] = v
		}
	}
}

func column(b, w *block, x int) {
	x &= 7
	s1, s2, s3, s4, s5, s6, s7 := b[8+x], b[16+x], b[24+x], b[32+x], b[40+x], b[48+x], b[56+x]
	const shift, half = constBits - passBits, 1 << (constBits - passBits - 1)
	if s1|s2|s3|s4|s5|s6|s7 == 0 {
		dc := (b[x]<<constBits + half) >> shift // in a broken file it overflows as below
		w[x], w[8+x], w[16+x], w[24+x], w[32+x], w[40+x], w[48+x], w[56+x] = dc, dc, dc, dc, dc, dc, dc, dc
		return
	}
	o0, o1, o2, o3, o4, o5, o6, o7 := butterfly(b[x], s1, s2, s3, s4, s5, s6, s7)
	w[x], w[8+x], w[16+x], w[24+x] = (o0+half)>>shift, (o1+half)>>shift, (o2+half)>>shift, (o3+half)>>shift
	w[32+x], w[40+x], w[48+x], w[56+x] = (o4+half)>>shift, (o5+half)>>shift, (o6+half)>>shift, (o7+half)>>shift
}

func row(out []uint8, w *[8]int32) {
	o0, o1, o2, o3, o4, o5, o6, o7 := butterfly(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7])
	const shift = constBits + passBits + 3
	const half = 1<<(shift-1) + 128<<shift // and the level shift
	_ = out[7]
	out[0], out[1], out[2], out[3] = clamp8((o0+half)>>shift), clamp8((o1+half)>>shift), clamp8((o2+half)>>shift), clamp8((o3+half)>>shift)
	out[4], out[5], out[6], out[7] = clamp8((o4+half)>>shift), clamp8((o5+half)>>shift), clamp8((o6+half)>>shift), clamp8((o7+half)>>shift)
}

// butterfly is an 8-point inverse DCT, its results times 2^13.
func butterfly(s0, s1, s2, s3, s4, s5, s6, s7 int32) (o0, o1, o2, o3, o4, o5, o6, o7 int32) {
	z1 := (s2 + s6) * fix0541
	e2 := z1 - s6*fix1847
	e3 := z1 + s2*fix0765
	e0 := (s0 + s4) << constBits
	e1 := (s0 - s4) << constBits
	a0, a3, a1, a2 := e0+e3, e0-e3, e1+e2, e1-e2

	z5 := (s7 + s3 + s5 + s1) * fix1175
	z3 := z5 - (s7+s3)*fix1961
	z4 := z5 - (s5+s1)*fix0390
	z1 = -(s7 + s1) * fix0899
	z2 := -(s5 + s3) * fix2562
	b0 := s7*fix0298 + z1 + z3
	b1 := s5*fix2053 + z2 + z4
	b2 := s3*fix3072 + z2 + z3
	b3 := s1*fix1501 + z1 + z4
	return a0 + b3, a1 + b2, a2 + b1, a3 + b0, a3 - b0, a2 - b1, a1 - b2, a0 - b3
}

// Of a block that becomes size x size samples, size being 1, 2 or 4, they are the inverse DCT of that many points of its
// lowest frequencies, as IJG's libjpeg does since version 7. (libjpeg-turbo averages all 64 samples' neighbours instead,
// which needs every coefficient and blurs a little more.)

func idct2Plain(out []uint8, stride int, blocks []kept, step int, factors *[64]int32) {
	for i := range blocks {
		k, out := &blocks[i], out[i*step:]
		b0, b1, b8, b9 := k.dc*factors[0], int32(k.ac[0])*factors[1], int32(k.ac[1])*factors[8], int32(k.ac[3])*factors[9]
		top, bottom := b0+b8+4+128<<3, b0-b8+4+128<<3
		right, below := b1+b9, b1-b9
		out[0], out[1] = clamp8((top+right)>>3), clamp8((top-right)>>3)
		out[stride], out[stride+1] = clamp8((bottom+below)>>3), clamp8((bottom-below)>>3)
	}
}

func idct4Plain(out []uint8, stride int, blocks []kept, step int, factors *[64]int32) {
	for i := range blocks {
		block4(out[i*step:], stride, &blocks[i], factors)
	}
}

func block4(out []uint8, stride int, k *kept, factors *[64]int32) {
	var b, w [16]int32
	for i := range b {
		b[i] = int32(k.ac[i]) * factors[8*(i/4)+i%4]
	}
	b[0] = k.dc * factors[0]
	for x := range 4 {
		o0, o1, o2, o3 := butterfly4(b[x], b[4+x], b[8+x], b[12+x])
		const shift, half = constBits - passBits, 1 << (constBits - passBits - 1)
		w[x], w[4+x], w[8+x], w[12+x] = (o0+half)>>shift, (o1+half)>>shift, (o2+half)>>shift, (o3+half)>>shift
	}
	for y := range 4 {
		o0, o1, o2, o3 := butterfly4(w[4*y], w[4*y+1], w[4*y+2], w[4*y+3])
		const shift = constBits + passBits + 3
		const half = 1<<(shift-1) + 128<<shift
		line := out[y*stride : y*stride+4 : y*stride+4]
		line[0], line[1], line[2], line[3] = clamp8((o0+half)>>shift), clamp8((o1+half)>>shift), clamp8((o2+half)>>shift), clamp8((o3+half)>>shift)
	}
}

// butterfly4 is a 4-point inverse DCT, its results times 2^13.
func butterfly4(s0, s1, s2, s3 int32) (o0, o1, o2, o3 int32) {
	even, odd := (s0+s2)<<constBits, (s0-s2)<<constBits
	r, s := s1*fix1306+s3*fix0541, s1*fix0541-s3*fix1306
	return even + r, odd + s, odd - s, even - r
}
