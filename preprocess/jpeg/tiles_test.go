package jpeg

import (
	"bytes"
	"image"
	stdjpeg "image/jpeg"
	"testing"
)

// TestDecodeTiles: of every kind of stream, at every scale and in every order, the tiles are the whole picture's and the
// reduced part is DecodePart's.
func TestDecodeTiles(t *testing.T) {
	for name, data := range samples(t) {
		whole, err := Decode(data, 1)
		if err != nil {
			t.Fatal(name, err)
		}
		for _, scale := range []int{1, 2, 4, 8} {
			w, h := (whole.Rect.Dx()+scale-1)/scale, (whole.Rect.Dy()+scale-1)/scale
			for i, part := range []image.Rectangle{
				{}, image.Rect(0, 0, 1, 1), image.Rect(w-1, h-1, w, h), image.Rect(w/3, h/4, w/3+1+w/4, h/4+1+h/3), image.Rect(w/5, h/2, w-w/5, h),
			} {
				want, err := DecodePart(data, scale, part, nil)
				if err != nil {
					t.Fatal(name, scale, part, err)
				}
				reduced := Reduced{Scale: scale, Part: part}
				order := Order{Columns: i%2 == 1, Backward: i/2 == 1}
				checkTiles(t, name, data, whole, &reduced, order)
				if reduced.Pixels.Rect != want.Rect || !bytes.Equal(reduced.Pixels.Pix, want.Pix) {
					t.Errorf("%s at 1/%d, %v: another picture than DecodePart's", name, scale, part)
				}
			}
		}
		if err := DecodeTiles(data[:len(data)/2], nil, Order{}, func(*image.RGBA) { t.Errorf("%s: a part of half a stream", name) }); err == nil {
			t.Errorf("%s: half of it is decoded", name)
		}
	}
}

// TestColumnTiles: a picture wider than a tile, of every subsampling, comes in the order that was asked for.
func TestColumnTiles(t *testing.T) {
	for _, backward := range []bool{false, true} {
		data := wideStream(t, 2*tileColumns+37, 21)
		whole, err := Decode(data, 1)
		if err != nil {
			t.Fatal(err)
		}
		checkTiles(t, "wide", data, whole, nil, Order{Columns: true, Backward: backward})
	}
}

func wideStream(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i / 97)
	}
	var out bytes.Buffer
	if err := stdjpeg.Encode(&out, img, nil); err != nil { // 4:2:0
		t.Fatal(err)
	}
	return out.Bytes()
}

func checkTiles(t *testing.T, name string, data []byte, whole *image.RGBA, reduced *Reduced, order Order) {
	t.Helper()
	next := image.Point{}
	if order.Backward {
		next = whole.Rect.Max
	}
	err := DecodeTiles(data, reduced, order, func(tile *image.RGBA) {
		r := tile.Rect
		if order.Columns && r.Dy() != whole.Rect.Dy() || !order.Columns && (r.Dx() != whole.Rect.Dx() || r.Dy() != 1) {
			t.Fatalf("%s, %+v: a part %v", name, order, r)
		}
		if order.Backward {
			next = next.Sub(r.Size())
		}
		if order.Columns && r.Min.X != next.X || !order.Columns && r.Min.Y != next.Y {
			t.Fatalf("%s, %+v: %v comes; want %v", name, order, r, next)
		}
		if !order.Backward {
			next = next.Add(r.Size())
		}
		for y := r.Min.Y; y < r.Max.Y; y++ {
			got, want := tile.Pix[tile.PixOffset(r.Min.X, y):][:4*r.Dx()], whole.Pix[whole.PixOffset(r.Min.X, y):][:4*r.Dx()]
			if !bytes.Equal(got, want) {
				t.Fatalf("%s, %+v, %v, row %d: % x; want % x", name, order, r, y, got, want)
			}
		}
	})
	end := whole.Rect.Max
	if order.Backward {
		end = image.Point{}
	}
	if at := map[bool]int{false: next.Y - end.Y, true: next.X - end.X}[order.Columns]; err != nil || at != 0 {
		t.Fatalf("%s, %+v: ended at %v, %v", name, order, next, err)
	}
}
