package preprocess

import (
	"fmt"
	"math"
	"strings"
)

// Filter is the interpolation of a resize, numbered as in Pillow and in preprocessor_config.json's "resample".
type Filter int

// The filters, with Pillow's names and numbers.
const (
	Nearest  Filter = 0
	Lanczos  Filter = 1
	Bilinear Filter = 2
	Bicubic  Filter = 3
	Box      Filter = 4
	Hamming  Filter = 5
)

var filterNames = [...]string{"nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"}

// String is the filter's name in lower case.
func (f Filter) String() string {
	if f < 0 || int(f) >= len(filterNames) {
		return fmt.Sprintf("filter %d", int(f))
	}
	return filterNames[f]
}

// parseFilter reads a name as preprocess_cfg.json has it: "bicubic".
func parseFilter(name string) (Filter, error) {
	for i, known := range filterNames {
		if strings.EqualFold(name, known) {
			return Filter(i), nil
		}
	}
	return 0, fmt.Errorf("%q is no interpolation; want one of %s", name, strings.Join(filterNames[:], ", "))
}

// kernel is a filter's shape: its half width in source pixels at scale 1, and its weight at a distance.
type kernel struct {
	support float64
	weight  func(x float64) float64
}

// kernels are those of Pillow's libImaging/Resample.c. Nearest has none.
var kernels = map[Filter]kernel{
	Box:      {0.5, boxWeight},
	Bilinear: {1, bilinearWeight},
	Hamming:  {1, hammingWeight},
	Bicubic:  {2, bicubicWeight},
	Lanczos:  {3, lanczosWeight},
}

func boxWeight(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func bilinearWeight(x float64) float64 { return max(0, 1-math.Abs(x)) }

func hammingWeight(x float64) float64 {
	x = math.Abs(x)
	if x == 0 {
		return 1
	}
	if x >= 1 {
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (0.54 + 0.46*math.Cos(x))
}

// bicubicWeight is the cubic convolution kernel with a = -0.5 (Keys 1981), which is also Catmull-Rom's.
func bicubicWeight(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

func lanczosWeight(x float64) float64 {
	if x >= -3 && x < 3 {
		return sinc(x) * sinc(x/3)
	}
	return 0
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}
