package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/internal/dupeset"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/dedup"
)

// given is the encoder of a collection whose vectors are given. Of a picture that is checked it gives the next one.
type given struct {
	dim  int
	next space.Vector
}

var errGiven = errors.New("the vectors are given")

func (g *given) Fingerprint() space.Fingerprint {
	return space.Fingerprint{Model: "given", Digest: strings.Repeat("0", 64), Dim: g.dim}
}

func (g *given) EncodePictures(context.Context, []*preprocess.Picture) ([]space.Vector, error) {
	return []space.Vector{g.next}, nil
}

func (*given) EncodeTexts(context.Context, []string) ([]space.Vector, error) { return nil, errGiven }

func (*given) DecodePicture(string, []byte, preprocess.Limits) (*preprocess.Picture, error) {
	return nil, errGiven
}

func (*given) ReadPicture(name string, data []byte, limits preprocess.Limits, rows preprocess.Rows) (*preprocess.Picture, error) {
	return preprocess.Read(name, data, limits, rows)
}

func (*given) Pixels(*preprocess.Picture) ([]float32, error) { return nil, errGiven }

func (*given) EncodePixels(context.Context, []float32) (space.Vector, error) {
	return space.Vector{}, errGiven
}

// shown is what a drawn picture looks like in a collection: as it is, compressed, and a moment later.
type shown struct {
	itself, compressed, moved []byte
	hash                      space.Hash256 // of itself
	quality                   int
}

// draw draws some pictures.
func draw(n int) []shown {
	var pool []shown
	encode := func(img image.Image, quality int) []byte {
		var out bytes.Buffer
		_ = jpeg.Encode(&out, imaging.Fit(img, 320, 320, imaging.Linear), &jpeg.Options{Quality: quality}) // a buffer takes all
		return out.Bytes()
	}
	for i := range n {
		alike := dupeset.NewAlike(i * len(dupeset.AlikeKinds)) // bursts
		one := shown{itself: encode(alike.Images[0], 82), compressed: encode(alike.Images[0], 40), moved: encode(alike.Images[1], 82)}
		one.hash, one.quality = dedup.Hash(alike.Images[0])
		pool = append(pool, one)
	}
	return pool
}

func anyHash(rnd *rand.Rand) space.Hash256 {
	return space.Hash256{rnd.Uint64(), rnd.Uint64(), rnd.Uint64(), rnd.Uint64()}
}

func flip(h space.Hash256, n int, rnd *rand.Rand) space.Hash256 {
	for range n {
		h[rnd.IntN(4)] ^= 1 << rnd.IntN(64)
	}
	return h
}

// anyVector lies about a common mean, as those of pictures do: cosines of two are about 0.5.
func anyVector(dim int, rnd *rand.Rand) space.Vector {
	raw := make([]float32, dim)
	for i := range raw {
		raw[i] = 1 + float32(rnd.NormFloat64())
	}
	return unit(raw)
}

// besides is a vector at an angle whose tangent is noise.
func besides(v space.Vector, noise float64, rnd *rand.Rand) space.Vector {
	raw := append([]float32(nil), v.Components()...)
	for i := range raw {
		raw[i] += float32(noise * rnd.NormFloat64() / math.Sqrt(float64(len(raw))))
	}
	return unit(raw)
}

func unit(raw []float32) space.Vector {
	v, err := space.Normalize(raw)
	if err != nil {
		panic(err) // it is drawn, and not zero
	}
	return v
}
