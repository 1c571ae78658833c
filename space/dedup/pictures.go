package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"sync"

	"github.com/clipd/clipd/space"
)

// maxPictures is how many small pictures are kept for the next comparison; with details and features
// they take about 300 KiB each.
const maxPictures = 256

// pictures loads thumbnails as small grey pictures. It is safe for concurrent use.
type pictures struct {
	thumbnails Thumbnails

	mu     sync.Mutex       // guards what follows
	loaded map[string]*view // nil: it has none
	order  []string         // oldest first
}

func newPictures(thumbnails Thumbnails) *pictures {
	return &pictures{thumbnails: thumbnails, loaded: make(map[string]*view)}
}

// get is the picture of an item, or nil where it has none that can be read.
func (p *pictures) get(ctx context.Context, id string) (*view, error) {
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
	g = decodeView(data)
	p.keep(id, g)
	return g, nil
}

// both are two pictures.
func (p *pictures) both(ctx context.Context, a, b string) (first, second *view, err error) {
	if first, err = p.get(ctx, a); err == nil {
		second, err = p.get(ctx, b)
	}
	return first, second, err
}

// keep forgets the oldest where there are many.
func (p *pictures) keep(id string, g *view) {
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

func decodeView(data []byte) *view {
	decode := jpeg.Decode
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		decode = png.Decode
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	return newView(img)
}
