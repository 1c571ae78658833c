package preprocess

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"slices"
	"testing"
)

// TestReadEqualsDecode: what is read row by row has the same pixels, thumbnail, digest and values for the tower, in every
// orientation, whether the tower's pixels are of the whole picture, reduced or of a picture smaller than they.
func TestReadEqualsDecode(t *testing.T) {
	specs := map[string]Spec{"crop": towerSpec(24), "large": towerSpec(224)}
	squash := towerSpec(31)
	squash.Mode, squash.ResizeWidth = ResizeSquash, 17
	specs["squash"] = squash
	nearest := towerSpec(24)
	nearest.Filter = Nearest
	specs["nearest"] = nearest
	for _, size := range []image.Point{{X: 411, Y: 293}, {X: 97, Y: 130}, {X: 1, Y: 9}, {X: 300, Y: 7}} {
		data := photo(t, size.X, size.Y)
		for orientation := 1; orientation <= 8; orientation++ {
			data := withExif(t, data, uint16(orientation), nil, nil)
			for name, spec := range specs {
				t.Run(fmt.Sprintf("%v-%d-%s", size, orientation, name), func(t *testing.T) { checkRead(t, data, spec) })
			}
		}
	}
}

// TestReadOtherFormats: those are decoded whole, and handed out all the same.
func TestReadOtherFormats(t *testing.T) {
	var out bytes.Buffer
	if err := png.Encode(&out, testScene(70, 50)); err != nil {
		t.Fatal(err)
	}
	checkRead(t, out.Bytes(), towerSpec(24))
}

func checkRead(t *testing.T, data []byte, spec Spec) {
	t.Helper()
	want, err := Decode("photo", data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var (
		pixels []uint8
		digest *PixelDigest
		small  *Shrinker
	)
	got, err := spec.Read("photo", data, Limits{}, func(width, height int) func([]uint8) {
		if width != want.Width || height != want.Height {
			t.Fatalf("%d x %d; want %d x %d", width, height, want.Width, want.Height)
		}
		digest, small = NewPixelDigest(width, height), NewShrinker(width, height, 40)
		return func(row []uint8) {
			pixels = append(pixels, row...)
			digest.Row(row)
			small.Row(row)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pixels, want.Image().Pix) {
		t.Error("other pixels")
	}
	if got, want := digest.Sum(), want.PixelSHA256(); got != want {
		t.Errorf("digest %s; want %s", got, want)
	}
	thumbnail, err := want.Small(40)
	if err != nil || !bytes.Equal(small.Pixels().Pix, thumbnail.Pix) {
		t.Errorf("another thumbnail, %v", err)
	}
	values, expected := make([]float32, spec.Len()), make([]float32, spec.Len())
	spec.Pixels(got, values)
	spec.Pixels(want, expected)
	if !slices.Equal(values, expected) {
		t.Error("other values for the tower")
	}
}

// TestReadFailsAsDecode, before any row is handed out.
func TestReadFailsAsDecode(t *testing.T) {
	data := photo(t, 64, 48)
	data = data[:len(data)/2]
	_, want := Decode("half", data, Limits{})
	_, err := Read("half", data, Limits{}, func(int, int) func([]uint8) { return func([]uint8) { t.Error("a row of half a photograph") } })
	if want == nil || err == nil || err.Error() != want.Error() {
		t.Errorf("%v; want %v", err, want)
	}
}
