package dedup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"sync"

	"github.com/clipd/clipd/preprocess/jpeg"
	"github.com/clipd/clipd/space"
)

// maxPictures is how many small pictures are kept for the next comparison; with details and features
// they take about 300 KiB each.
const maxPictures = 256

// pictures loads thumbnails as small grey pictures. It is safe for concurrent use.
type pictures struct {
	thumbnails Thumbnails

	mu     sync.Mutex          // guards what follows
	loaded map[string]*picture // those that are being loaded, too
	order  []string            // oldest first
}

// picture is a view that is loaded once, by the first who asks.
type picture struct {
	once sync.Once
	view *view // nil: it has none
	err  error
}

func newPictures(thumbnails Thumbnails) *pictures {
	return &pictures{thumbnails: thumbnails, loaded: make(map[string]*picture)}
}

// get is the picture of an item, or nil where it has none that can be read.
func (p *pictures) get(ctx context.Context, id string) (*view, error) {
	one := p.place(id)
	one.once.Do(func() {
		if one.view, one.err = p.load(ctx, id); one.err != nil {
			p.forget(id)
		}
	})
	return one.view, one.err
}

func (p *pictures) load(ctx context.Context, id string) (*view, error) {
	data, err := p.thumbnails.Thumbnail(ctx, id)
	if err != nil && !errors.Is(err, space.ErrNotFound) {
		return nil, fmt.Errorf("load thumbnail of %s: %w", id, err)
	}
	return decodeView(data), nil
}

// both are two pictures.
func (p *pictures) both(ctx context.Context, a, b string) (first, second *view, err error) {
	if first, err = p.get(ctx, a); err == nil {
		second, err = p.get(ctx, b)
	}
	return first, second, err
}

// keep puts a view in that is no item's.
func (p *pictures) keep(id string, v *view) {
	one := p.place(id)
	one.once.Do(func() { one.view = v })
}

// place is where a picture is, or will be. The oldest is forgotten where there are many.
func (p *pictures) place(id string) *picture {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one, known := p.loaded[id]; known {
		return one
	}
	if len(p.order) == maxPictures {
		delete(p.loaded, p.order[0])
		p.order = p.order[1:]
	}
	one := &picture{}
	p.loaded[id] = one
	p.order = append(p.order, id)
	return one
}

// forget lets a picture be loaded anew.
func (p *pictures) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.loaded, id)
	p.order = slices.DeleteFunc(p.order, func(o string) bool { return o == id })
}

func decodeView(data []byte) *view {
	img, err := decodeThumbnail(data)
	if err != nil {
		return nil
	}
	return newView(img)
}

func decodeThumbnail(data []byte) (image.Image, error) {
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		return png.Decode(bytes.NewReader(data))
	}
	return jpeg.Decode(data, 1)
}
