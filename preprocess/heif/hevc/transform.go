package hevc

// add transforms a block's coefficients back and adds the result to the samples that were predicted (§ 8.6.4 to 8.6.7).
func (d *decoder) add(component, x, y, log2 int, skip bool) {
	kind := min(component, 1)
	t, n := &d.transform, 1<<log2
	r := t.coefficients[:n*n]
	shift := 20 - d.sps.bits[kind]
	switch {
	case d.coding.bypass:
	case skip:
		for i, v := range r {
			r[i] = (v<<7 + 1<<(shift-1)) >> shift
		}
	case component == 0 && log2 == 2:
		sines(r, t.between[:16], shift)
	default:
		cosines(r, t.between[:n*n], log2, shift)
	}
	p, most := &d.pic.planes[component], int32(1)<<d.sps.bits[kind]-1
	for row := range n {
		line, add := p.samples[(y+row)*p.stride+x:][:n], r[row*n:][:n]
		for i, v := range add {
			line[i] = uint16(min(max(int32(line[i])+v, 0), most))
		}
	}
}

func clip16(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }

// sines is the transform of luma's 4 × 4 blocks (§ 8.6.4.3, DST-VII): columns, then rows.
func sines(r, between []int32, shift int) {
	for i := range 4 {
		a, b, c, e := sine(r[i], r[4+i], r[8+i], r[12+i])
		between[i], between[4+i], between[8+i], between[12+i] = clip16((a+64)>>7), clip16((b+64)>>7), clip16((c+64)>>7), clip16((e+64)>>7)
	}
	round := int32(1) << (shift - 1)
	for i := range 4 {
		row := between[4*i:][:4]
		a, b, c, e := sine(row[0], row[1], row[2], row[3])
		r[4*i], r[4*i+1], r[4*i+2], r[4*i+3] = (a+round)>>shift, (b+round)>>shift, (c+round)>>shift, (e+round)>>shift
	}
}

func sine(a, b, c, d int32) (w, x, y, z int32) {
	return 29*a + 74*b + 84*c + 55*d, 55*a + 74*b - 29*c - 84*d, 74*a - 74*c + 74*d, 84*a - 74*b + 55*c - 29*d
}

// cosine is transMatrix (§ 8.6.4.2): row k holds the k-th basis function of 32 samples. A smaller transform's k-th function is the
// first samples of every 2nd, 4th or 8th row.
var cosine = func() (m [32][32]int32) {
	quarter := [33]int32{
		64, 90, 90, 90, 89, 88, 87, 85, 83, 82, 80, 78, 75, 73, 70, 67, 64, 61, 57, 54, 50, 46, 43, 38, 36, 31, 25, 22, 18, 13, 9, 4, 0,
	}
	for k := range 32 {
		for n := range 32 {
			angle := k * (2*n + 1) % 128 // in 64ths of a half turn
			if angle > 64 {
				angle = 128 - angle
			}
			if angle > 32 {
				m[k][n] = -quarter[64-angle]
			} else {
				m[k][n] = quarter[angle]
			}
		}
	}
	return m
}()

// cosines is the inverse DCT: columns, then rows. Most blocks have coefficients in their first columns and rows alone.
func cosines(r, between []int32, log2, shift int) {
	n := 1 << log2
	columns, rows := extent(r, log2)
	for x := range columns {
		column(r[x:], between[x:], n, rows, 32>>log2, 7)
	}
	round := int32(1) << (shift - 1)
	if columns == 1 { // each row is of one value
		for y := range n {
			v := (64*between[y*n] + round) >> shift
			line := r[y*n:][:n]
			for i := range line {
				line[i] = v
			}
		}
		return
	}
	var out [32]int32
	for y := range n {
		row := between[y*n:][:n]
		line(row[:columns], out[:n], 32>>log2)
		into := r[y*n:][:n]
		for i := range into {
			into[i] = (out[i] + round) >> shift
		}
	}
}

// extent is how many of the first columns and rows have coefficients.
func extent(r []int32, log2 int) (columns, rows int) {
	n := 1 << log2
	var any [32]int32
	for y := range n {
		row, or := r[y*n:][:n], int32(0)
		for x, v := range row {
			any[x] |= v
			or |= v
		}
		if or != 0 {
			rows = y + 1
		}
	}
	for x := range n {
		if any[x] != 0 {
			columns = x + 1
		}
	}
	return max(columns, 1), max(rows, 1)
}

// column transforms a column of rows coefficients, n apart.
func column(r, between []int32, n, rows, step, shift int) {
	var in, out [32]int32
	for k := range rows {
		in[k] = r[k*n]
	}
	line(in[:rows], out[:n], step)
	round := int32(1) << (shift - 1)
	for i := range n {
		between[i*n] = clip16((out[i] + round) >> shift)
	}
}

// line is a transform of len(out) samples by the first coefficients; step is the distance of its functions in cosine. Functions
// of even number are the same from both ends, and are those of half the samples; odd ones change their sign.
func line(in, out []int32, step int) {
	n := len(out)
	if n == 4 {
		four(in, out)
		return
	}
	half := n / 2
	var even, odd [16]int32
	var evens [16]int32
	for k := 0; k < len(in); k += 2 {
		evens[k/2] = in[k]
	}
	line(evens[:(len(in)+1)/2], even[:half], 2*step)
	for k := 1; k < len(in); k += 2 {
		if v := in[k]; v != 0 {
			basis := cosine[k*step][:half]
			for i, c := range basis {
				odd[i] += c * v
			}
		}
	}
	for i := range half {
		out[i], out[n-1-i] = even[i]+odd[i], even[i]-odd[i]
	}
}

func four(in, out []int32) {
	var c [4]int32
	copy(c[:], in)
	a, b := 64*(c[0]+c[2]), 64*(c[0]-c[2])
	e, f := 83*c[1]+36*c[3], 36*c[1]-83*c[3]
	out[0], out[1], out[2], out[3] = a+e, b+f, b-f, a-e
}
