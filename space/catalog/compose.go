package catalog

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// share is an encoded part of an Ask and its weight in the joint vector.
type share struct {
	vectors []space.Vector // they count by their mean
	weight  float64
}

// encodeAsk makes the joint vector of all parts, and for space.BestScore the parts themselves.
func (c *Catalog) encodeAsk(ctx context.Context, ask Ask) (space.Vector, *space.Examples, error) {
	positive, err := c.encodePositive(ctx, ask)
	if err != nil {
		return space.Vector{}, nil, err
	}
	negative, err := c.encodeNegative(ctx, ask)
	if err != nil {
		return space.Vector{}, nil, err
	}
	v, err := join(append(positive, negative...))
	if ask.Strategy != space.BestScore {
		return v, nil, err
	}
	examples := gather(append(positive, negative...))
	if errors.Is(err, space.ErrInvalidQuery) && len(examples.Positive) > 0 {
		v, err = examples.Positive[0], nil // each counts by itself: that they cancel each other out is no harm
	}
	return v, &examples, err
}

func (c *Catalog) encodePositive(ctx context.Context, ask Ask) ([]share, error) {
	var shares []share
	if ask.Text != "" {
		v, err := c.encodePart(ctx, Part{Text: ask.Text})
		if err != nil {
			return nil, err
		}
		shares = append(shares, share{[]space.Vector{v}, cmp.Or(ask.Weights.Text, 1)})
	}
	if ask.hasImage() {
		v, err := c.encodePart(ctx, Part{Image: ask.Image, Picture: ask.Picture, Name: cmp.Or(ask.Name, "the query image")})
		if err != nil {
			return nil, err
		}
		shares = append(shares, share{[]space.Vector{v}, cmp.Or(ask.Weights.Image, 1)})
	}
	likes, err := c.vectorsOf(ctx, "like", ask.Like)
	if err != nil || len(likes) == 0 {
		return shares, err
	}
	return append(shares, share{likes, cmp.Or(ask.Weights.Like, 1)}), nil
}

func (c *Catalog) encodeNegative(ctx context.Context, ask Ask) ([]share, error) {
	var shares []share
	nots := make([]space.Vector, len(ask.Not))
	for i, part := range ask.Not {
		var err error
		if nots[i], err = c.encodePart(ctx, part); err != nil {
			return nil, err
		}
	}
	if len(nots) > 0 {
		shares = append(shares, share{nots, -cmp.Or(ask.Weights.Not, DefaultNegative)})
	}
	unlikes, err := c.vectorsOf(ctx, "unlike", ask.Unlike)
	if err != nil || len(unlikes) == 0 {
		return shares, err
	}
	return append(shares, share{unlikes, -cmp.Or(ask.Weights.Unlike, DefaultNegative)}), nil
}

func (c *Catalog) vectorsOf(ctx context.Context, what string, ids []string) ([]space.Vector, error) {
	vectors := make([]space.Vector, len(ids))
	for i, id := range ids {
		it, err := c.store.Item(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", what, id, err)
		}
		vectors[i] = it.Vector
	}
	return vectors, nil
}

func (c *Catalog) encodePart(ctx context.Context, part Part) (space.Vector, error) {
	if part.Text != "" {
		vectors, err := c.enc.EncodeTexts(ctx, []string{part.Text})
		if err != nil {
			return space.Vector{}, err
		}
		return vectors[0], nil
	}
	picture := part.Picture
	if picture == nil {
		var err error
		if picture, err = c.enc.DecodePicture(part.Name, part.Image, c.opts.Limits); err != nil {
			return space.Vector{}, err
		}
	}
	vectors, err := c.enc.EncodePictures(ctx, []*preprocess.Picture{picture})
	if err != nil {
		return space.Vector{}, err
	}
	return vectors[0], nil
}

// join is the normalised weighted sum.
func join(shares []share) (space.Vector, error) {
	var sum []float32
	for _, s := range shares {
		for _, v := range s.vectors {
			if sum == nil {
				sum = make([]float32, v.Dim())
			}
			weight := float32(s.weight / float64(len(s.vectors)))
			for i, x := range v.Components() {
				sum[i] += weight * x
			}
		}
	}
	v, err := space.Normalize(sum)
	if err != nil {
		return v, fmt.Errorf("%w: its parts cancel each other out: %w", space.ErrInvalidQuery, err)
	}
	return v, nil
}

// gather parts examples from counterexamples, by the sign of their weight.
func gather(shares []share) space.Examples {
	var e space.Examples
	for _, s := range shares {
		if s.weight > 0 {
			e.Positive = append(e.Positive, s.vectors...)
		} else {
			e.Negative = append(e.Negative, s.vectors...)
		}
	}
	return e
}
