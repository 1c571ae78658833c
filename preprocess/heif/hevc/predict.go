package hevc

// references are the samples that a block is predicted from: 64 + 64 at most and the corner, below left first.
type references struct {
	line, smooth [4*32 + 1]uint16
	side         [3*32 + 1]int32
}

// Angles of the directions 2 to 34 (table 8-5), and their inverses for 11 to 25 (table 8-6).
var (
	angles = [35]int{
		0, 0, 32, 26, 21, 17, 13, 9, 5, 2, 0, -2, -5, -9, -13, -17, -21, -26, -32, -26, -21, -17, -13, -9, -5, -2, 0, 2, 5, 9, 13, 17, 21, 26, 32,
	}
	inverses = [15]int{-4096, -1638, -910, -630, -482, -390, -315, -256, -315, -390, -482, -630, -910, -1638, -4096}
)

// predict predicts a block of a component from its neighbours (§ 8.4.4.2).
func (d *decoder) predict(component, x, y, log2 int, mode uint8) {
	n := 1 << log2
	p := &d.pic.planes[component]
	line := d.refs.line[:4*n+1]
	d.gather(component, x, y, n, line)
	if component == 0 || d.sps.chroma == 3 {
		line = d.filter(component, log2, mode, line)
	}
	into := p.samples[y*p.stride+x:]
	switch mode {
	case planar:
		predictPlanar(into, p.stride, log2, line)
	case dc:
		predictDC(into, p.stride, log2, line, component == 0 && n < 32)
	default:
		d.predictAngle(into, p.stride, log2, line, int(mode), component == 0 && n < 32, int32(1)<<d.sps.bits[min(component, 1)]-1)
	}
}

// gather collects the neighbours: from the lowest on the left up to the corner, line[2n], and on to the last at the upper right.
// What isn't decoded takes the value of the one before (§ 8.4.4.2.2).
func (d *decoder) gather(component, x, y, n int, line []uint16) {
	p := &d.pic.planes[component]
	sx, sy := 0, 0
	if component > 0 {
		sx, sy = d.sps.shiftX, d.sps.shiftY
	}
	stepX, stepY := 4>>sx, 4>>sy // samples of the component in a block of 4 × 4 of luma
	first := -1                  // of those that are known
	found := func(at int) {
		if first < 0 {
			first = at
		}
	}
	repeat := func(at, count int) {
		if first < 0 {
			return
		}
		v := line[at-1]
		for i := range count {
			line[at+i] = v
		}
	}
	for row := 2 * n; row > 0; row -= stepY { // the left side, upwards
		at := 2*n - row
		count := min(stepY, row)
		if d.known((x-1)<<sx, (y+row-count)<<sy) {
			for i := range count {
				line[at+i] = p.samples[(y+row-1-i)*p.stride+x-1]
			}
			found(at)
		} else {
			repeat(at, count)
		}
	}
	if d.known((x-1)<<sx, (y-1)<<sy) {
		line[2*n] = p.samples[(y-1)*p.stride+x-1]
		found(2 * n)
	} else {
		repeat(2*n, 1)
	}
	for column := 0; column < 2*n; column += stepX {
		at := 2*n + 1 + column
		count := min(stepX, 2*n-column)
		if d.known((x+column)<<sx, (y-1)<<sy) {
			copy(line[at:at+count], p.samples[(y-1)*p.stride+x+column:])
			found(at)
		} else {
			repeat(at, count)
		}
	}
	v := uint16(1) << (d.sps.bits[min(component, 1)] - 1)
	if first >= 0 {
		v = line[first]
	} else {
		first = len(line)
	}
	for i := range first {
		line[i] = v
	}
}

// filter smooths the neighbours where the mode asks for it (§ 8.4.4.2.3).
func (d *decoder) filter(component, log2 int, mode uint8, line []uint16) []uint16 {
	n := 1 << log2
	if mode == dc || log2 == 2 {
		return line
	}
	if mode != planar {
		off := min(abs(int(mode)-vertical), abs(int(mode)-horizontal))
		if off <= [6]int{3: 7, 4: 1, 5: 0}[log2] {
			return line
		}
	}
	out := d.refs.smooth[:4*n+1]
	out[0], out[4*n] = line[0], line[4*n]
	low, corner, right := int(line[0]), int(line[2*n]), int(line[4*n])
	if d.sps.strong && component == 0 && log2 == 5 {
		limit := 1 << (d.sps.bits[0] - 5)
		if abs(corner+right-2*int(line[3*n])) < limit && abs(corner+low-2*int(line[n])) < limit {
			for i := 1; i < 64; i++ {
				out[i] = uint16((low*(64-i) + corner*i + 32) >> 6)
				out[64+i] = uint16((corner*(64-i) + right*i + 32) >> 6)
			}
			out[64] = line[64]
			return out
		}
	}
	for i := 1; i < 4*n; i++ {
		out[i] = uint16((int(line[i-1]) + 2*int(line[i]) + int(line[i+1]) + 2) >> 2)
	}
	return out
}

func abs(v int) int { return max(v, -v) }

func predictPlanar(into []uint16, stride, log2 int, line []uint16) {
	n := 1 << log2
	above := line[2*n+1:]
	right, low := int(line[3*n+1]), int(line[n-1])
	for y := range n {
		row, left := into[y*stride:][:n], int(line[2*n-1-y])
		for x := range row {
			row[x] = uint16(((n-1-x)*left + (x+1)*right + (n-1-y)*int(above[x]) + (y+1)*low + n) >> (log2 + 1))
		}
	}
}

func predictDC(into []uint16, stride, log2 int, line []uint16, edges bool) {
	n := 1 << log2
	sum := n
	for i := range n {
		sum += int(line[n+i]) + int(line[2*n+1+i])
	}
	v := sum >> (log2 + 1)
	for y := range n {
		row := into[y*stride:][:n]
		for x := range row {
			row[x] = uint16(v)
		}
	}
	if !edges {
		return
	}
	into[0] = uint16((int(line[2*n-1]) + 2*v + int(line[2*n+1]) + 2) >> 2)
	for i := 1; i < n; i++ {
		into[i] = uint16((int(line[2*n+1+i]) + 3*v + 2) >> 2)
		into[i*stride] = uint16((int(line[2*n-1-i]) + 3*v + 2) >> 2)
	}
}

// predictAngle predicts along a direction (§ 8.4.4.2.6): from the upper side, or, with rows and columns exchanged, from the left.
func (d *decoder) predictAngle(into []uint16, stride, log2 int, line []uint16, mode int, edges bool, most int32) {
	n, corner, angle := 1<<log2, 2<<log2, angles[mode]
	upper := mode >= 18
	// The side that the direction comes from, away from the corner, and behind the corner the other one as it is seen along it.
	side := d.refs.side[:]
	main, other := 1, -1
	if !upper {
		main, other = -1, 1
	}
	const zero = 32 // side[zero] is the corner
	last := n
	if angle >= 0 {
		last = 2 * n
	}
	for i := 0; i <= last; i++ {
		side[zero+i] = int32(line[corner+main*i])
	}
	if least := n * angle >> 5; angle < 0 && least < -1 {
		inverse := inverses[mode-11]
		for i := least; i < 0; i++ {
			side[zero+i] = int32(line[corner+other*((i*inverse+128)>>8)])
		}
	}
	across, along := 1, stride // of the prediction's own rows and columns
	if !upper {
		across, along = stride, 1
	}
	for j := range n {
		at, part := (j+1)*angle>>5, int32((j+1)*angle&31)
		from := side[zero+at+1:]
		to := j * along
		if part == 0 {
			for i := range n {
				into[to+i*across] = uint16(from[i])
			}
			continue
		}
		for i := range n {
			into[to+i*across] = uint16(((32-part)*from[i] + part*from[i+1] + 16) >> 5)
		}
	}
	if angle == 0 && edges {
		first := side[zero+1]
		for j := range n {
			v := first + (int32(line[corner+other*(j+1)])-int32(line[corner]))>>1
			into[j*along] = uint16(min(max(v, 0), most))
		}
	}
}
