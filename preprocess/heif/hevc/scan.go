package hevc

// spot is a place in a block.
type spot struct{ x, y uint8 }

// diagonals is the up-right diagonal scan of a square block (§ 6.5.3).
func diagonals(side int) []spot {
	var list []spot
	for sum := range 2*side - 1 {
		for x := max(0, sum-side+1); x <= min(sum, side-1); x++ {
			list = append(list, spot{uint8(x), uint8(sum - x)})
		}
	}
	return list
}

// lines is the horizontal scan (§ 6.5.4); turned, the vertical one (§ 6.5.5).
func lines(side int, turned bool) []spot {
	var list []spot
	for a := range uint8(side) {
		for b := range uint8(side) {
			if turned {
				list = append(list, spot{a, b})
			} else {
				list = append(list, spot{b, a})
			}
		}
	}
	return list
}

// Scans, by scanIdx.
const (
	scanDiagonal = iota
	scanHorizontal
	scanVertical
)

// scans are the places of coefficients in 4 × 4, or of such in blocks, by the log2 of a side and scanIdx; places are where they
// stand in that: its inverse, at 8 · y + x.
var scans, places = func() (scans [4][3][]spot, places [4][3][64]uint8) {
	for log2 := range 4 {
		scans[log2] = [3][]spot{diagonals(1 << log2), lines(1<<log2, false), lines(1<<log2, true)}
		for i, scan := range scans[log2] {
			for at, p := range scan {
				places[log2][i][8*p.y+p.x] = uint8(at)
			}
		}
	}
	return scans, places
}()
