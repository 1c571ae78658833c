package space

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Point is a place on the earth in degrees (WGS 84).
type Point struct {
	Lat float64 `json:"lat"` // -90 ... 90, north is positive
	Lon float64 `json:"lon"` // -180 ... 180, east is positive
}

// ParsePoint reads "48.8584,2.2945": latitude, then longitude, in degrees. It says whether the text is a point.
func ParsePoint(text string) (Point, bool) {
	lat, lon, found := strings.Cut(text, ",")
	if !found {
		return Point{}, false
	}
	y, errY := strconv.ParseFloat(strings.TrimSpace(lat), 64)
	x, errX := strconv.ParseFloat(strings.TrimSpace(lon), 64)
	p := Point{y, x}
	return p, errY == nil && errX == nil && p.valid()
}

// String is the form that ParsePoint reads.
func (p Point) String() string {
	return strconv.FormatFloat(p.Lat, 'f', -1, 64) + "," + strconv.FormatFloat(p.Lon, 'f', -1, 64)
}

func (p Point) valid() bool { return math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 }

// Box is the part of the earth between two parallels and two meridians, edges included. Where West is greater than
// East, it lies across the 180th meridian.
type Box struct {
	South float64 `json:"south"`
	West  float64 `json:"west"`
	North float64 `json:"north"`
	East  float64 `json:"east"`
}

// Contains says whether the point is in the box.
func (b Box) Contains(p Point) bool {
	if p.Lat < b.South || p.Lat > b.North {
		return false
	}
	if b.West > b.East {
		return p.Lon >= b.West || p.Lon <= b.East
	}
	return p.Lon >= b.West && p.Lon <= b.East
}

func (b Box) validate() error {
	if !(Point{b.South, b.West}).valid() || !(Point{b.North, b.East}).valid() {
		return fmt.Errorf("want degrees: south and north from -90 to 90, west and east from -180 to 180")
	}
	if b.South > b.North {
		return fmt.Errorf("south %g lies north of %g", b.South, b.North)
	}
	return nil
}
