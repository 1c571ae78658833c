package preprocess

import (
	"encoding/binary"
	"math"
	"testing"
)

// withPosition puts an APP1 segment with a GPS position behind a JPEG's start marker: degrees, minutes and hundredths
// of seconds (EXIF 2.3 § 4.6.6).
func withPosition(photo []byte, northSouth, eastWest string, latitude, longitude [3]uint32) []byte {
	le := binary.LittleEndian
	entry := func(tiff []byte, tag, kind uint16, count uint32, value []byte) []byte {
		tiff = le.AppendUint16(le.AppendUint16(tiff, tag), kind)
		return append(le.AppendUint32(tiff, count), value...)
	}
	offset := func(n uint32) []byte { return le.AppendUint32(nil, n) }
	letter := func(s string) []byte { return append([]byte(s), 0, 0, 0)[:4] }
	const gps, angles = 26, 26 + 2 + 4*12 + 4
	tiff := entry(append([]byte("II*\x00\x08\x00\x00\x00"), 1, 0), 0x8825, 4, 1, offset(gps))
	tiff = append(le.AppendUint32(tiff, 0), 4, 0)
	tiff = entry(tiff, 1, 2, 2, letter(northSouth))
	tiff = entry(tiff, 2, 5, 3, offset(angles))
	tiff = entry(tiff, 3, 2, 2, letter(eastWest))
	tiff = entry(tiff, 4, 5, 3, offset(angles+24))
	tiff = le.AppendUint32(tiff, 0)
	for _, angle := range [][3]uint32{latitude, longitude} {
		for i, n := range angle {
			tiff = le.AppendUint32(le.AppendUint32(tiff, n), []uint32{1, 1, 100}[i])
		}
	}
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := binary.BigEndian.AppendUint16([]byte("\xff\xd8\xff\xe1"), uint16(len(body)+2))
	return append(append(out, body...), photo[2:]...)
}

func TestPosition(t *testing.T) {
	photo := encodeJPEG(t, testScene(40, 30))
	for _, c := range []struct {
		northSouth, eastWest string
		lat, lon             [3]uint32
		wantLat, wantLon     float64
		located              bool
	}{
		{"N", "E", [3]uint32{48, 51, 3024}, [3]uint32{2, 17, 4020}, 48.8584, 2.2945, true},
		{"S", "W", [3]uint32{22, 57, 648}, [3]uint32{43, 12, 3780}, -22.9518, -43.2105, true},
		{"N", "E", [3]uint32{}, [3]uint32{}, 0, 0, false},                 // no fix
		{"N", "E", [3]uint32{200, 0, 0}, [3]uint32{2, 0, 0}, 0, 0, false}, // no latitude
	} {
		p, err := Decode("place.jpg", withPosition(photo, c.northSouth, c.eastWest, c.lat, c.lon), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Located != c.located || math.Abs(p.Latitude-c.wantLat) > 1e-5 || math.Abs(p.Longitude-c.wantLon) > 1e-5 {
			t.Errorf("%v %v: %v, %.5f, %.5f; want %v, %.5f, %.5f", c.lat, c.lon, p.Located, p.Latitude, p.Longitude, c.located, c.wantLat, c.wantLon)
		}
	}
	if p, err := Decode("nowhere.jpg", photo, Limits{}); err != nil || p.Located {
		t.Errorf("a picture without a position: %v, %v", p, err)
	}
}
