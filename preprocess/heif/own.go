package heif

import (
	"errors"
	"fmt"
	"image"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/clipd/clipd/preprocess/heif/hevc"
)

// errLeft: a picture that is left to the sandbox.
var errLeft = errors.New("left to the sandbox")

// decodeOwn decodes a HEIC by package hevc: coded pictures and grids of such, cut, turned and mirrored as the boxes say.
func decodeOwn(data []byte, h Header) (*image.RGBA, error) {
	f, err := openFile(data)
	if err != nil {
		return nil, err
	}
	width, height := f.size(f.primary)
	changes, exact, ok := f.changes(f.primary, width, height)
	if !ok || !near(width, height, h.Width*h.Height) {
		return nil, errLeft
	}
	convert, err := newConversion(h.Colour, h.is420())
	if err != nil {
		return nil, err
	}
	kind := f.kinds[f.primary]
	if h.halved[0] && (!exact || h.halved[1] != h.halved[0] && len(changes) > 0) {
		if kind != "hvc1" {
			return nil, errLeft
		}
		return f.decodeOdd(width, height, changes, &convert)
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	switch kind {
	case "hvc1":
		err = f.decodeInto(img, f.primary, 0, 0, &convert)
	case "grid":
		err = f.decodeGrid(img, &convert)
	default:
		err = errLeft
	}
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		img = c.pixels(img)
	}
	return img, nil
}

// near says whether so many pixels are not far more than those that are seen of them: the caller's limit was held against these.
func near(width, height, seen int) bool {
	return width < 1<<15 && height < 1<<15 && width*height <= 4*seen+1<<20
}

// size is what ispe says of an item.
func (f *file) size(item uint64) (width, height int) {
	ispe, _ := f.property(item, "ispe")
	r := reader{rest: ispe}
	r.full()
	return int(r.uint(4)), int(r.uint(4))
}

// decodeGrid decodes the tiles of the primary picture, as many at once as there are processors.
func (f *file) decodeGrid(img *image.RGBA, convert *conversion) error {
	g, err := f.grid(f.primary)
	if err != nil {
		return err
	}
	width, height := f.size(g.tiles[0])
	if !near(width, height, g.width*g.height) || g.width != img.Rect.Dx() || g.height != img.Rect.Dy() || width < 1 || height < 1 || width&1 != 0 || height&1 != 0 ||
		g.columns*width < g.width || g.rows*height < g.height || (g.columns-1)*width >= g.width || (g.rows-1)*height >= g.height {
		return errLeft
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, tile := range g.tiles {
		changes, _, _ := f.changes(tile, width, height)
		if w, h := f.size(tile); w != width || h != height || f.kinds[tile] != "hvc1" || len(changes) > 0 {
			return errLeft
		}
		group.Go(func() error { return f.decodeInto(img, tile, i%g.columns*width, i/g.columns*height, convert) })
	}
	return group.Wait()
}

// decodeInto decodes a coded picture into a place of the whole, as far as it lies in that.
func (f *file) decodeInto(img *image.RGBA, item uint64, x, y int, convert *conversion) error {
	width, height := f.size(item)
	p, err := f.decodeCoded(item, width, height)
	if err == nil {
		convert.picture(img, x, y, p)
	}
	return err
}

// decodeOdd decodes a coded picture that is cut between samples of chroma, or turned or mirrored although it has an odd number of
// columns or rows: as libheif does, each component is changed by itself, and meets the others then.
func (f *file) decodeOdd(width, height int, changes []change, convert *conversion) (*image.RGBA, error) {
	p, err := f.decodeCoded(f.primary, width, height)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if c.splits(p) {
			p, convert.quick = interpolated(p), false
		}
		p = c.planes(p)
	}
	img := image.NewRGBA(image.Rect(0, 0, p.Width, p.Height))
	convert.picture(img, 0, 0, p)
	return img, nil
}

// decodeCoded decodes a coded picture of a size.
func (f *file) decodeCoded(item uint64, width, height int) (p *hevc.Picture, err error) {
	defer func() {
		if r := recover(); r != nil { // the decoder checks what it reads; this is for what was overlooked
			err = fmt.Errorf("%w: %v", errLeft, r)
		}
	}()
	config, _ := f.property(item, "hvcC")
	data, err := f.content(item)
	if err != nil {
		return nil, err
	}
	if p, err = hevc.Decode(config, data, (width+64)*(height+64)); err != nil {
		return nil, err
	}
	if p.Width != width || p.Height != height {
		return nil, invalid("its boxes say %d x %d pixels, its data %d x %d", width, height, p.Width, p.Height)
	}
	return p, nil
}
