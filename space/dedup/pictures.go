package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"sync"

	"github.com/clipd/clipd/space"
)

// comparedSide is the longer side of the pictures that are compared pixel by pixel.
const comparedSide = 160

// maxPictures is how many small pictures are kept for the next comparison; at 160×160 they take 100 KiB each.
const maxPictures = 256

// pictures loads thumbnails as small grey pictures. It is safe for concurrent use.
type pictures struct {
	thumbnails Thumbnails

	mu     sync.Mutex       // guards what follows
	loaded map[string]*grey // nil: it has none
	order  []string         // oldest first
}

func newPictures(thumbnails Thumbnails) *pictures {
	return &pictures{thumbnails: thumbnails, loaded: make(map[string]*grey)}
}

// get is the picture of an item, or nil where it has none that can be read.
func (p *pictures) get(ctx context.Context, id string) (*grey, error) {
	p.mu.Lock()
	g, ok := p.loaded[id]
	p.mu.Unlock()
	if ok {
		return g, nil
	}
	data, err := p.thumbnails.Thumbnail(ctx, id)
	if err != nil && !errors.Is(err, space.ErrNotFound) {
		return nil, fmt.Errorf("load thumbnail of %s: %w", id, err)
	}
	g = decodeGrey(data)
	p.keep(id, g)
	return g, nil
}

// keep forgets the oldest where there are many.
func (p *pictures) keep(id string, g *grey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.loaded[id]; known {
		return
	}
	if len(p.order) == maxPictures {
		delete(p.loaded, p.order[0])
		p.order = p.order[1:]
	}
	p.loaded[id] = g
	p.order = append(p.order, id)
}

func decodeGrey(data []byte) *grey {
	decode := jpeg.Decode
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		decode = png.Decode
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	g := smallGrey(img)
	return &g
}

// smallGrey is a picture in luma with its longer side at most comparedSide.
func smallGrey(img image.Image) grey {
	l := newLuminance(img)
	long := max(l.width, l.height)
	if long <= comparedSide {
		return averages(l, l.width, l.height)
	}
	return averages(l, max(1, l.width*comparedSide/long), max(1, l.height*comparedSide/long))
}
