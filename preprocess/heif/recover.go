package heif

// The libheif of the sandbox (1.18) hands 4:2:0 and 4:2:2 out only by way of 4:4:4, with chroma interpolated; and back
// again, if it is asked for what the file has, which blurs it. Later versions, pillow-heif's among them, keep the
// chroma of the file and repeat it. So the file is given out as 4:4:4, and what the interpolation was made of is
// recovered from it: between four samples of chroma lie four interpolated ones, as many equations as unknowns.

// as444 changes the chroma format that the boxes tell to 4:4:4, which asks libheif for that, and returns the one that
// they told. The coded picture itself says what it is.
func as444(data []byte) (changed []byte, chroma int) {
	const chromaAt = 16 // in a decoder configuration record, ISO/IEC 14496-15 § 8.3.3
	changed = append([]byte(nil), data...)
	list, _ := boxes(changed)
	content, _ := find(list, "meta")
	if len(content) < 4 {
		return changed, 0
	}
	list, _ = boxes(content[4:])
	iprp, _ := find(list, "iprp")
	list, _ = boxes(iprp)
	ipco, _ := find(list, "ipco")
	list, _ = boxes(ipco)
	for _, p := range list {
		if p.name != "hvcC" || len(p.content) <= chromaAt+1 || p.content[chromaAt+1]&7 != 0 {
			continue // of more than 8 bits libheif can't make 4:4:4
		}
		if told := int(p.content[chromaAt] & 3); told == chroma420 || told == chroma422 {
			p.content[chromaAt] |= chroma444
			chroma = max(chroma, told)
		}
	}
	return changed, chroma
}

// mendEdges gives the outermost rows and columns of a 4:2:0 plane that could not be recovered their neighbours' chroma:
// libheif stretched them to twice their length on the way.
func mendEdges(plane []uint8, width, height, stride int) {
	if width < 3 || height < 3 {
		return
	}
	for y := range height {
		plane[y*stride], plane[y*stride+width-1] = plane[y*stride+1], plane[y*stride+width-2]
	}
	copy(plane[:width], plane[stride:])
	copy(plane[(height-1)*stride:][:width], plane[(height-2)*stride:])
}

// blend is a plane of chroma as it was before it was interpolated.
type blend struct {
	samples       []uint8
	width, height int
	rows          bool // rows were halved, too
	full          []uint8
	stride        int // of full
}

// unblend recovers a plane that was enlarged to width x height. False: full isn't such a plane.
func unblend(full []uint8, width, height, stride int, rows bool) (*blend, bool) {
	b := &blend{width: (width + 1) / 2, height: height, rows: rows, full: full, stride: stride}
	if rows {
		b.height = (height + 1) / 2
	}
	if b.width < 2 || rows && b.height < 2 {
		return nil, false
	}
	b.samples = make([]uint8, b.width*b.height)
	b.solve()
	for pass := 0; pass < 4 && b.refine(); pass++ {
	}
	return b, b.misfit() <= b.width*b.height/2
}

// corner is the place in full of the first of the interpolated samples between column x and x+1, row y and y+1.
func (b *blend) corner(x, y int) int {
	if b.rows {
		y = 2*y + 1
	}
	return y*b.stride + 2*x + 1
}

// solve takes the mean of what all equations say of each sample.
func (b *blend) solve() {
	sums, counts := make([]int32, len(b.samples)), make([]int32, len(b.samples))
	note := func(x, y int, quarters int32) {
		sums[y*b.width+x] += quarters
		counts[y*b.width+x]++
	}
	for y := range b.height {
		if b.rows && y == b.height-1 {
			break
		}
		for x := range b.width - 1 {
			at := b.corner(x, y)
			p, q := int32(b.full[at]), int32(b.full[at+1])
			if !b.rows {
				note(x, y, 6*p-2*q)
				note(x+1, y, 6*q-2*p)
				continue
			}
			r, s := int32(b.full[at+b.stride]), int32(b.full[at+b.stride+1])
			note(x, y, 9*p-3*q-3*r+s)
			note(x+1, y, 9*q-3*p-3*s+r)
			note(x, y+1, 9*r-3*p-3*s+q)
			note(x+1, y+1, 9*s-3*q-3*r+p)
		}
	}
	for i, sum := range sums {
		n := 4 * counts[i]
		b.samples[i] = clamp8((sum + n/2) / n)
	}
}

// refine moves the samples around an interpolation that doesn't fit by at most one level, so that it and its
// neighbours fit as well as can be: the equations were rounded. It tells whether it moved any.
func (b *blend) refine() (moved bool) {
	for y := range b.height {
		for x := range b.width - 1 {
			if b.misfitAt(x, y) > 0 && b.refineAt(x, y) {
				moved = true
			}
		}
	}
	return moved
}

func (b *blend) refineAt(x, y int) (moved bool) {
	i := y*b.width + x
	corners := []int{i, i + 1}
	if b.rows {
		corners = append(corners, i+b.width, i+b.width+1)
	}
	var before, chosen [4]uint8
	for k, at := range corners {
		before[k] = b.samples[at]
	}
	chosen = before
	best := b.misfitAround(x, y)
	combinations := 9
	if b.rows {
		combinations = 81
	}
	for n := range combinations {
		var tried [4]uint8
		for k, at := range corners {
			tried[k] = clamp8(int32(before[k]) + int32(n%3) - 1)
			b.samples[at] = tried[k]
			n /= 3
		}
		if misfit := b.misfitAround(x, y); misfit < best {
			best, chosen = misfit, tried
		}
	}
	for k, at := range corners {
		b.samples[at] = chosen[k]
	}
	return chosen != before
}

// misfitAround is how far the interpolations between column x and x+1, row y and y+1, and all beside them are from what
// they should be.
func (b *blend) misfitAround(x, y int) int {
	first, last := y, y
	if b.rows {
		first, last = max(y-1, 0), y+1
	}
	sum := 0
	for v := first; v <= last; v++ {
		for u := max(x-1, 0); u <= x+1; u++ {
			sum += b.misfitAt(u, v)
		}
	}
	return sum
}

// misfitAt is how far the interpolations between column x and x+1, row y and y+1, are from what they should be.
func (b *blend) misfitAt(x, y int) int {
	if x >= b.width-1 || y >= b.height-1 && (b.rows || y >= b.height) {
		return 0
	}
	at, i := b.corner(x, y), y*b.width+x
	p, q := int(b.samples[i]), int(b.samples[i+1])
	if !b.rows {
		return apart((3*p+q+2)/4, b.full[at]) + apart((p+3*q+2)/4, b.full[at+1])
	}
	r, s := int(b.samples[i+b.width]), int(b.samples[i+b.width+1])
	return apart((9*p+3*q+3*r+s+8)/16, b.full[at]) + apart((9*q+3*p+3*s+r+8)/16, b.full[at+1]) +
		apart((9*r+3*p+3*s+q+8)/16, b.full[at+b.stride]) + apart((9*s+3*q+3*r+p+8)/16, b.full[at+b.stride+1])
}

func apart(a int, b uint8) int { return max(a-int(b), int(b)-a) }

func (b *blend) misfit() int {
	sum := 0
	for y := range b.height {
		for x := range b.width {
			sum += b.misfitAt(x, y)
		}
	}
	return sum
}
