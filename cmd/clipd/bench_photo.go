package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// benchPhotos are a few JPEGs of one size, so that no cache sees the same one twice in a row.
func benchPhotos(of size, count int) ([][]byte, error) {
	photos := make([][]byte, count)
	for i := range photos {
		var err error
		if photos[i], err = benchPhoto(of, uint64(i)); err != nil {
			return nil, err
		}
	}
	return photos, nil
}

// benchPhoto is a JPEG (4:2:0, quality 85) about as large as a photograph: smooth colours, discs with edges, and noise
// that varies over the picture. The same seed gives the same bytes.
func benchPhoto(of size, seed uint64) ([]byte, error) {
	random := rand.New(rand.NewPCG(seed, 2))
	canvas := image.NewRGBA(image.Rect(0, 0, of.width, of.height))
	phase := random.Float64() * math.Pi
	for y := range of.height {
		v := float64(y) / float64(of.height)
		for x := range of.width {
			u := float64(x) / float64(of.width)
			grain := int(random.UintN(1 + uint(36*u)))
			canvas.SetRGBA(x, y, color.RGBA{
				R: uint8(90 + int(80*u) + grain), G: uint8(70 + int(90*v) + grain), B: uint8(110 + int(60*math.Sin(phase+4*u)) + grain), A: 255,
			})
		}
	}
	for range 40 {
		disc(canvas, random)
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: 85})
	return out.Bytes(), err
}

// disc paints over a random disc with one colour, half transparent.
func disc(canvas *image.RGBA, random *rand.Rand) {
	width, height := canvas.Rect.Dx(), canvas.Rect.Dy()
	cx, cy, r := random.IntN(width), random.IntN(height), 1+random.IntN(1+min(width, height)/8)
	over := [3]uint8{uint8(random.UintN(256)), uint8(random.UintN(256)), uint8(random.UintN(256))}
	for y := max(0, cy-r); y < min(height, cy+r); y++ {
		for x := max(0, cx-r); x < min(width, cx+r); x++ {
			if (x-cx)*(x-cx)+(y-cy)*(y-cy) > r*r {
				continue
			}
			pixel := canvas.Pix[canvas.PixOffset(x, y):]
			for c, value := range over {
				pixel[c] = pixel[c]/2 + value/2
			}
		}
	}
}
