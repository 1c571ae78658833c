package hevc

// transformBuffers are what a block's coefficients and residuals lie in, row by row.
type transformBuffers struct {
	coefficients [32 * 32]int32
	between      [32 * 32]int32
}

// significantAt is ctxIdxMap of 4 × 4 blocks (§ 9.3.4.2.5).
var significantAt = [16]uint8{0, 1, 4, 5, 2, 3, 4, 5, 6, 6, 8, 8, 7, 7, 8, 8}

// significantNear are the contexts of larger blocks by which of the sub-blocks to the right and below have coefficients, and by
// place: 4 · y + x.
var significantNear = [4][16]uint8{
	{2, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
	{2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0},
	{2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0},
	{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
}

// scanOf is scanIdx (§ 7.4.9.11): small blocks are scanned across the direction that they are predicted from.
func (d *decoder) scanOf(component, log2 int, mode uint8) int {
	if log2 != 2 && (log2 != 3 || component > 0 && d.sps.chroma != 3) {
		return scanDiagonal
	}
	switch {
	case mode >= 6 && mode <= 14:
		return scanVertical
	case mode >= 22 && mode <= 30:
		return scanHorizontal
	}
	return scanDiagonal
}

// residual reads a block's coefficients (§ 7.3.8.11), scales and transforms them, and adds what comes out to the samples.
func (d *decoder) residual(component, x, y, log2 int, mode uint8, qp int) error {
	chroma := min(component, 1)
	skip := d.pps.transformSkip && !d.coding.bypass && log2 == 2 && d.bit(ctxTransformSkip+chroma) == 1
	scan := d.scanOf(component, log2, mode)
	lastX, lastY := d.lastPlace(log2, chroma, scan)
	side := 1 << log2
	if lastX >= side || lastY >= side {
		return invalid("a coefficient outside of its block")
	}
	coefficients := d.transform.coefficients[:side*side]
	clear(coefficients)
	scale := d.newScale(component, log2, qp, skip)

	blockScan, placeScan := scans[log2-2][scan], scans[2][scan]
	lastBlock := int(places[log2-2][scan][8*(lastY>>2)+lastX>>2])
	lastAt := int(places[2][scan][8*(lastY&3)+lastX&3])
	var coded [8]uint8 // rows of sub-blocks with coefficients, a bit each
	carry := 1         // greater1Ctx of the sub-block before
	for i := lastBlock; i >= 0; i-- {
		block := blockScan[i]
		bx, by := int(block.x), int(block.y)
		near := 0 // to the right, below
		if bx+1 < side>>2 {
			near = int(coded[by] >> (bx + 1) & 1)
		}
		if by+1 < side>>2 {
			near |= int(coded[by+1]>>bx&1) << 1
		}
		explicit, has := false, true
		if i < lastBlock && i > 0 {
			has = d.bit(ctxSubBlock+2*chroma+min(near, 1)) == 1
			explicit = true
		}
		if !has {
			continue
		}
		coded[by] |= 1 << bx

		// Which coefficients aren't zero, from the last to the first.
		var at [16]uint8
		n := 0
		from := 15
		if i == lastBlock {
			from = lastAt - 1
			at[0], n = uint8(lastAt), 1
		}
		contexts, base := d.significance(log2, chroma, scan, bx, by, near)
		for k := from; k > 0; k-- {
			p := placeScan[k]
			if d.bit(base+int(contexts[4*p.y+p.x])) == 1 {
				at[n] = uint8(k)
				n++
				explicit = false
			}
		}
		if from >= 0 {
			first := true // at least one there is, the first if no other
			if !explicit || n > 0 {
				context := base + int(contexts[0])
				if i == 0 {
					context = ctxSignificant + 27*chroma
				}
				first = d.bit(context) == 1
			}
			if first {
				at[n] = 0
				n++
			}
		}
		if n == 0 {
			continue
		}
		carry = d.levels(coefficients, at[:n], placeScan, bx<<2, by<<2, log2, chroma, i, carry, scale)
	}
	if d.over() {
		return invalid("a slice ends early")
	}
	d.add(component, x, y, log2, skip)
	return nil
}

// lastPlace reads where the last coefficient lies.
func (d *decoder) lastPlace(log2, chroma, scan int) (x, y int) {
	offset, shift := 3*(log2-2)+(log2-1)>>2, (log2+1)>>2
	if chroma == 1 {
		offset, shift = 15, log2-2
	}
	prefix := func(context int) int {
		n := 0
		for n < 2*log2-1 && d.bit(context+offset+n>>shift) == 1 {
			n++
		}
		return n
	}
	x, y = prefix(ctxLastX), prefix(ctxLastY)
	suffix := func(prefix int) int {
		if prefix < 4 {
			return prefix
		}
		n := prefix>>1 - 1
		return (2+prefix&1)<<n + d.bypasses(n)
	}
	x = suffix(x)
	y = suffix(y)
	if scan == scanVertical {
		return y, x
	}
	return x, y
}

// significance gives the contexts of a sub-block's sig_coeff_flags by place, and what they count from (§ 9.3.4.2.5).
func (d *decoder) significance(log2, chroma, scan, bx, by, near int) (contexts *[16]uint8, base int) {
	base = ctxSignificant + 27*chroma
	if log2 == 2 {
		return &significantAt, base
	}
	switch {
	case chroma == 1 && log2 == 3:
		base += 9
	case chroma == 1:
		base += 12
	case log2 == 3 && scan == scanDiagonal:
		base += 9
	case log2 == 3:
		base += 15
	default:
		base += 21
	}
	if chroma == 0 && bx+by > 0 {
		base += 3
	}
	return &significantNear[near], base
}

// levels reads the values of a sub-block's coefficients, scales them and puts them in place; it gives greater1Ctx as the next
// sub-block needs it.
func (d *decoder) levels(coefficients []int32, at []uint8, scan []spot, x0, y0, log2, chroma, block, carry int, scale scale) int {
	set := 0
	if block > 0 && chroma == 0 {
		set = 2
	}
	if carry == 0 {
		set++
	}
	var values [16]int32
	greater, second := 1, -1
	n := len(at)
	context := ctxGreater1 + 16*chroma + 4*set
	for i := range min(n, 8) {
		values[i] = 1
		if d.bit(context+greater) == 1 {
			values[i] = 2
			greater = 0
			if second < 0 {
				second = i
			}
		} else if greater > 0 && greater < 3 {
			greater++
		}
	}
	if second >= 0 && d.bit(ctxGreater2+4*chroma+set) == 1 {
		values[second] = 3
	}
	hidden := d.pps.signHiding && !d.coding.bypass && at[0]-at[n-1] > 3
	signs := n
	if hidden {
		signs--
	}
	negative := d.bypasses(signs) << (16 - signs)
	rice, sum := 0, int32(0)
	for i := range n {
		base := int32(1)
		if i < 8 {
			base = values[i]
		}
		if base == fullOf(i, second) {
			base += d.remaining(rice)
			if base > 3<<rice {
				rice = min(rice+1, 4)
			}
		}
		sum += base
		if negative>>(15-i)&1 != 0 {
			base = -base
		}
		if hidden && i == n-1 && sum&1 != 0 {
			base = -base
		}
		p := scan[at[i]]
		px, py := x0+int(p.x), y0+int(p.y)
		coefficients[py<<log2+px] = scale.of(base, py<<log2+px)
	}
	return greater
}

// fullOf is the value of the i-th coefficient of a sub-block from which on a rest follows: what its flags can say, of which
// greater2 is there for the first that is greater than 1 alone.
func fullOf(i, second int) int32 {
	switch {
	case i >= 8:
		return 1
	case i == second:
		return 3
	}
	return 2
}

// remaining reads coeff_abs_level_remaining (§ 9.3.3.11).
func (d *decoder) remaining(rice int) int32 {
	prefix := 0
	for prefix < 32 && d.bypass() == 1 {
		prefix++
	}
	if prefix <= 3 {
		return int32(prefix<<rice + d.bypasses(rice))
	}
	n := min(prefix-3+rice, 32)
	return int32((1<<(prefix-3)+3-1)<<rice + d.bypasses(n))
}

// scale turns levels into coefficients (§ 8.6.4.2).
type scale struct {
	bypass  bool
	factors []uint8 // nil: 16 everywhere
	by      int64
	shift   int
}

var levelScale = [6]int64{40, 45, 51, 57, 64, 72}

func (d *decoder) newScale(component, log2, qp int, skip bool) scale {
	if d.coding.bypass {
		return scale{bypass: true}
	}
	s := scale{by: levelScale[qp%6] << (qp / 6), shift: d.sps.bits[min(component, 1)] + log2 - 5}
	if lists := d.scalingLists(); lists != nil && !(skip && log2 > 2) {
		s.factors = lists.made[log2-2][component]
	}
	return s
}

// scalingLists are those in use.
func (d *decoder) scalingLists() *scaling {
	switch {
	case !d.sps.lists:
		return nil
	case d.pps.scaling != nil:
		return d.pps.scaling
	}
	return d.sps.scaling
}

func (s *scale) of(level int32, at int) int32 {
	if s.bypass {
		return level
	}
	factor := int64(16)
	if s.factors != nil {
		factor = int64(s.factors[at])
	}
	v := (int64(level)*factor*s.by + 1<<(s.shift-1)) >> s.shift
	return int32(min(max(v, -1<<15), 1<<15-1))
}
