package heif

import "github.com/clipd/clipd/preprocess/heif/hevc"

// interpolated is a picture with chroma of its own for each pixel: nine, three, three and one sixteenths of the four samples
// around it, as libheif makes it where it can't repeat them.
func interpolated(p *hevc.Picture) *hevc.Picture {
	out := *p
	out.ShiftX, out.ShiftY = 0, 0
	out.Planes = []hevc.Plane{p.Planes[0]}
	for _, from := range p.Planes[1:] {
		to := hevc.Plane{Samples: make([]uint16, p.Width*p.Height), Stride: p.Width}
		for y := range p.Height {
			near, far := neighbours(y, p.Height, p.ShiftY)
			a, b := from.Samples[near*from.Stride:], from.Samples[far*from.Stride:]
			row := to.Samples[y*to.Stride:][:p.Width]
			for x := range row {
				near, far := neighbours(x, p.Width, p.ShiftX)
				row[x] = uint16((9*int(a[near]) + 3*int(a[far]) + 3*int(b[near]) + int(b[far]) + 8) >> 4)
			}
		}
		out.Planes = append(out.Planes, to)
	}
	return &out
}

// neighbours are the samples of chroma next to a pixel, the nearer first, of so many pixels; one alone at the borders and where
// chroma isn't subsampled.
func neighbours(at, count, shift int) (near, far int) {
	near = at >> shift
	if shift == 0 {
		return near, near
	}
	return near, min(max(near+at&1*2-1, 0), (count-1)>>1)
}
