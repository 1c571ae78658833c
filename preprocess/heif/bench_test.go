package heif

import (
	"encoding/binary"
	"os"
	"testing"
)

// BenchmarkHEIC decodes a photograph of 12 megapixels by the own decoder and in the sandbox: the file that CLIPD_BENCH_HEIC names,
// else a grid of one tile again and again, of half fine grain.
func BenchmarkHEIC(b *testing.B) {
	data, h := benchPicture(b, "CLIPD_BENCH_HEIC", tiled(sample(b, "tools420.heic"), 42, 38))
	b.Run("own", benchDecode(h, func() error { _, err := decodeOwn(data, h); return err }))
	b.Run("sandbox", benchDecode(h, func() error { _, err := decodeHEIC(data, h); return err }))
}

// BenchmarkAVIF decodes the file that CLIPD_BENCH_AVIF names, else a small photograph.
func BenchmarkAVIF(b *testing.B) {
	data, h := benchPicture(b, "CLIPD_BENCH_AVIF", sample(b, "photo420.avif"))
	benchDecode(h, func() error { _, err := Decode(data); return err })(b)
}

// benchPicture is the file that a variable names, or another.
func benchPicture(b *testing.B, variable string, otherwise []byte) ([]byte, Header) {
	b.Helper()
	data := otherwise
	if path := os.Getenv(variable); path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil {
			b.Fatal(err)
		}
	}
	h, err := ReadHeader(data)
	if err != nil {
		b.Fatal(err)
	}
	return data, h
}

func benchDecode(h Header, decode func() error) func(b *testing.B) {
	return func(b *testing.B) {
		b.SetBytes(int64(h.Width * h.Height)) // MB/s are megapixels a second
		for b.Loop() {
			if err := decode(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// tiled is a file of a grid, all of whose tiles are the primary picture of another.
func tiled(data []byte, columns, rows int) []byte {
	f, err := openFile(data)
	if err != nil {
		panic(err)
	}
	config, _ := f.property(f.primary, "hvcC")
	content, err := f.content(f.primary)
	if err != nil {
		panic(err)
	}
	width, height := f.size(f.primary)
	long := func(numbers ...int) (out []byte) {
		for _, n := range numbers {
			out = binary.BigEndian.AppendUint32(out, uint32(n))
		}
		return out
	}
	tiles := columns * rows
	ftyp := appendBox(nil, "ftyp", []byte("heic\x00\x00\x00\x00mif1heic"))
	meta := func(at int) []byte {
		grid := append([]byte{0, 0, byte(rows - 1), byte(columns - 1)}, words(columns*width, rows*height)...)
		infos, places, associations := words(0, 0, tiles+1), append(words(1<<8, 0), append([]byte{0x44, 0}, words(tiles+1)...)...), long(0, tiles+1)
		of := words(0, 0)
		of = append(of, appendBox(nil, "dimg", append(words(1, tiles), func() (to []byte) {
			for i := range tiles {
				to = append(to, words(i+2)...)
			}
			return to
		}()...))...)
		for id := 1; id <= tiles+1; id++ {
			kind, method, start, length, properties := "hvc1", 0, at, len(content), []byte{2, 1, 2}
			if id == 1 {
				kind, method, start, length, properties = "grid", 1, 0, len(grid), []byte{1, 3}
			}
			infos = append(infos, appendBox(nil, "infe", append(append(words(2<<8, 0, id, 0), kind...), 0))...)
			places = append(append(places, words(id, method, 0, 1)...), long(start, length)...)
			associations = append(append(associations, words(id)...), properties...)
		}
		properties := appendBox(appendBox(appendBox(nil, "ispe", long(0, width, height)), "hvcC", config), "ispe", long(0, columns*width, rows*height))
		out := words(0, 0)
		out = appendBox(out, "hdlr", append(append(long(0, 0), "pict"...), make([]byte, 13)...))
		out = appendBox(out, "pitm", words(0, 0, 1))
		out = appendBox(out, "iloc", places)
		out = appendBox(out, "iinf", infos)
		out = appendBox(out, "iref", of)
		out = appendBox(out, "iprp", appendBox(appendBox(nil, "ipco", properties), "ipma", associations))
		return appendBox(nil, "meta", appendBox(out, "idat", grid))
	}
	head := len(ftyp) + len(meta(0)) + 8
	return appendBox(append(ftyp, meta(head)...), "mdat", content)
}

// TestTiled: the benchmark's picture is one, and every tile of it is the same.
func TestTiled(t *testing.T) {
	one := sample(t, "tools420.heic")
	tile, err := Decode(one)
	if err != nil {
		t.Fatal(err)
	}
	data := tiled(one, 3, 2)
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	all, err := decodeOwn(data, h)
	if err != nil {
		t.Fatal(err)
	}
	w, hgt := tile.Rect.Dx(), tile.Rect.Dy()
	if all.Rect.Dx() != 3*w || all.Rect.Dy() != 2*hgt {
		t.Fatalf("%v of %v", all.Rect, tile.Rect)
	}
	for y := range 2 * hgt {
		for x := range 3 * w {
			if all.RGBAAt(x, y) != tile.RGBAAt(x%w, y%hgt) {
				t.Fatalf("another pixel at %d, %d", x, y)
			}
		}
	}
}
