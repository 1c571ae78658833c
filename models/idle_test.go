package models

import (
	"context"
	"testing"
	"time"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/preprocess"
)

func openWith(t *testing.T, opts Options) *Model {
	t.Helper()
	runtime, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), Starter(), runtime, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func TestLazyModelLoadsWhatIsAskedFor(t *testing.T) {
	m := openWith(t, Options{Lazy: true})
	if text, image := m.Loaded(); text || image {
		t.Errorf("at the start: text %v, image %v; the graph tells the dimension, so nothing is needed", text, image)
	}
	if eager := openStarter(t); m.Fingerprint() != eager.Fingerprint() {
		t.Errorf("fingerprint %v; loaded at once it is %v", m.Fingerprint(), eager.Fingerprint())
	}
	if _, err := m.EncodeTexts(t.Context(), []string{"a cat"}); err != nil {
		t.Fatal(err)
	}
	if text, image := m.Loaded(); !text || image {
		t.Errorf("after a text: text %v, image %v", text, image)
	}
	if _, err := m.EncodePictures(t.Context(), []*preprocess.Picture{scene(1, 60, 40)}); err != nil {
		t.Fatal(err)
	}
	if _, image := m.Loaded(); !image {
		t.Error("after a picture the image tower is not loaded")
	}
}

func TestIdleTowersAreUnloadedAndComeBack(t *testing.T) {
	m := openWith(t, Options{UnloadAfter: 20 * time.Millisecond})
	before, err := openStarter(t).EncodeTexts(t.Context(), []string{"a cat"})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		deadline := time.Now().Add(time.Minute)
		for text, image := m.Loaded(); text || image; text, image = m.Loaded() {
			if time.Now().After(deadline) {
				t.Fatalf("round %d: after a minute without work, text %v, image %v are loaded", round, text, image)
			}
			time.Sleep(5 * time.Millisecond)
		}
		after, err := m.EncodeTexts(t.Context(), []string{"a cat"})
		if err != nil || after[0].Cosine(before[0]) < 1-batchBound {
			t.Fatalf("round %d: after it was unloaded: %v", round, err)
		}
	}
}
