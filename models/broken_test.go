package models

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// TestBrokenModelIsNamed: pixel values beyond all bounds (a standard deviation of nearly 0) become NaN in the tower.
func TestBrokenModelIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spoilt")
	extract(t, familyFolder(t, "clip").FS, dir)
	writeFile(t, filepath.Join(dir, "preprocessor_config.json"), []byte(`{"image_processor_type":"CLIPImageProcessor","do_center_crop":true,
		"crop_size":{"height":32,"width":32},"size":{"shortest_edge":32},"resample":3,"image_mean":[0.5,0.5,0.5],"image_std":[1e-300,1e-300,1e-300]}`))
	m := mustOpenFamily(t, DirFolder(dir), Options{})
	_, err := m.EncodePictures(context.Background(), []*preprocess.Picture{scene(1, 60, 40)})
	if !errors.Is(err, space.ErrModelOutput) {
		t.Fatalf("%v; want %v", err, space.ErrModelOutput)
	}
	for _, want := range []string{"model spoilt", `output "image_embeds"`, "NaN"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if _, err := m.EncodeTexts(context.Background(), []string{"its text tower is sound"}); err != nil {
		t.Error(err)
	}
}

// TestUnloadingUnderRequests lets towers go at every turn while callers ask for vectors, some of whom leave: each gets
// its own vectors, or the error of its leaving.
func TestUnloadingUnderRequests(t *testing.T) {
	m := mustOpenFamily(t, familyFolder(t, "clip"), Options{Lazy: true, UnloadAfter: time.Nanosecond})
	texts := []string{"a cat", "two dogs on a long road", "", "a photograph of a rocket before the start", "x"}
	reference, err := mustOpenFamily(t, familyFolder(t, "clip"), Options{}).EncodeTexts(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	stop, unloaded := make(chan struct{}), 0
	var unloader, callers sync.WaitGroup
	unloader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				text, err := m.text.unload(0)
				image, err2 := m.image.unload(0)
				if err = errors.Join(err, err2); err != nil {
					t.Error(err)
					return
				}
				if text || image {
					unloaded++
				}
				time.Sleep(time.Millisecond)
			}
		}
	})
	for seed := range uint64(4) {
		callers.Go(func() {
			r := rand.New(rand.NewPCG(seed, 4))
			for range 15 {
				ctx, cancel := context.WithCancel(t.Context())
				if r.IntN(4) == 0 {
					time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
				}
				at := r.IntN(len(texts))
				if r.IntN(3) == 0 {
					_, err := m.EncodePictures(ctx, []*preprocess.Picture{scene(int(seed), 40, 30)})
					if err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				} else if got, err := m.EncodeTexts(ctx, texts[at:]); err != nil && ctx.Err() == nil {
					t.Error(err)
				} else if err == nil {
					if _, least := compare(reference[at:], got); least < 0.9999 {
						t.Errorf("texts from %d on: cosine %.5f with what they are", at, least)
					}
				}
				cancel()
			}
		})
	}
	callers.Wait()
	close(stop)
	unloader.Wait()
	if unloaded == 0 {
		t.Error("no tower was ever unloaded")
	}
}
