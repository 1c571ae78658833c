package models

import (
	"bytes"
	"context"
	"image/jpeg"
	"os"
	"slices"
	"testing"

	"github.com/disintegration/imaging"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// TestReducedVectors: the vector of a large photograph that was decoded for the model alone, with fewer pixels, is the
// one of the photograph decoded whole, and as good as the one of all its pixels.
func TestReducedVectors(t *testing.T) {
	m, ctx := openStarter(t), context.Background()
	encoder, err := m.image.get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"astronaut.jpg", "coffee.jpg"} {
		file := enlarged(t, "../demo/photos/"+name)
		whole, err := preprocess.Decode(name, file, preprocess.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		reduced, err := m.DecodePicture(name, file, preprocess.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		vectors, err := m.EncodePictures(ctx, []*preprocess.Picture{whole, reduced})
		if err != nil {
			t.Fatal(err)
		}
		exact := make([]float32, encoder.Spec().Len())
		encoder.Spec().ExactPixels(whole, exact)
		if slices.Equal(encoder.Pixels(reduced), exact) {
			t.Fatalf("%s was decoded whole", name)
		}
		all, err := encoder.EncodePixels(ctx, [][]float32{exact})
		if err != nil {
			t.Fatal(err)
		}
		if c := dot(vectors[0], vectors[1]); c < 0.99999 {
			t.Errorf("%s: cosine of the vectors of the whole and of the reduced picture: %.6f", name, c)
		}
		if c := dot(vectors[1], all[0]); c < 0.999 {
			t.Errorf("%s: cosine to the vector of all pixels: %.6f", name, c)
		} else {
			t.Logf("%s: cosine to the vector of all pixels: %.6f", name, c)
		}
	}
}

// enlarged is a photograph of five times its size, as a JPEG.
func enlarged(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	large := imaging.Resize(img, 5*img.Bounds().Dx(), 0, imaging.Lanczos)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, large, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func dot(a, b space.Vector) float64 {
	var sum float64
	for i, x := range a.Components() {
		sum += float64(x) * float64(b.Components()[i])
	}
	return sum
}
