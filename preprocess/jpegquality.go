package preprocess

import "math"

// standardLuminance is the quantisation table of luminance of ITU-T T.81, annex K.1, in zigzag order.
var standardLuminance = [64]int{
	16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
	26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
	56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
	95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
}

// JPEGQuality estimates the quality, 1 to 100, that a JPEG file was written with: the one whose table of luminance, as
// libjpeg scales it from the standard's, is nearest to the file's first (in the sum of absolute differences). Encoders
// with tables of their own get the libjpeg quality that rounds about as much away. 0: data is no JPEG, or has no table.
func JPEGQuality(data []byte) int {
	table, ok := luminanceTable(data)
	if !ok {
		return 0
	}
	best, least := 0, math.MaxInt
	for quality := 100; quality >= 1; quality-- {
		apart := 0
		for i, standard := range standardLuminance {
			apart += max(table[i]-scaledStep(standard, quality), scaledStep(standard, quality)-table[i])
		}
		if apart < least {
			best, least = quality, apart
		}
	}
	return best
}

// scaledStep is a quantisation step at a quality, as libjpeg's jpeg_set_quality makes it for baseline files.
func scaledStep(standard, quality int) int {
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	return min(max((standard*scale+50)/100, 1), 255)
}

// Markers of JPEG files (T.81, table B.1).
const (
	markerSOI = 0xd8
	markerSOS = 0xda
	markerDQT = 0xdb
)

// luminanceTable is the quantisation table 0 of a JPEG file, which all known encoders use for luminance.
func luminanceTable(data []byte) (table [64]int, found bool) {
	if len(data) < 4 || data[0] != 0xff || data[1] != markerSOI {
		return table, false
	}
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker := data[at+1]
		if marker == 0xff { // a fill byte
			at++
			continue
		}
		size := int(data[at+2])<<8 | int(data[at+3])
		if marker == markerSOS || size < 2 || at+2+size > len(data) {
			return table, false
		}
		if marker == markerDQT {
			if table, found = tableZero(data[at+4 : at+2+size]); found {
				return table, true
			}
		}
		at += 2 + size
	}
	return table, false
}

// tableZero looks for table 0 in a segment: a byte of precision and number, then 64 steps of one or two bytes.
func tableZero(segment []byte) (table [64]int, found bool) {
	for len(segment) > 0 {
		wide, number := int(segment[0]>>4), segment[0]&15
		bytes := 64 * (1 + wide)
		if wide > 1 || len(segment) < 1+bytes {
			return table, false
		}
		if number == 0 {
			for i := range table {
				if wide == 1 {
					table[i] = int(segment[1+2*i])<<8 | int(segment[2+2*i])
				} else {
					table[i] = int(segment[1+i])
				}
			}
			return table, true
		}
		segment = segment[1+bytes:]
	}
	return table, false
}
