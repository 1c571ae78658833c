package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
)

// errImageText: an image that is not written as one in JSON.
var errImageText = errors.New("unreadable image")

// picturesAtOnce is how many pictures of one request are decoded or wait for the tower: two of its batches.
const picturesAtOnce = 16

// encode turns the inputs of the request's field into their vectors; the i-th vector is the i-th input's.
func (s *Server) encode(ctx context.Context, field string, inputs []api.Input) ([]space.Vector, error) {
	if err := s.checkInputs(field, inputs); err != nil {
		return nil, err
	}
	var texts []int
	var images []picture
	for i, in := range inputs {
		if in.Image != "" {
			images = append(images, picture{i, fmt.Sprintf("%s %d", field, i), func() ([]byte, error) { return imageBytes(in.Image) }})
		} else {
			texts = append(texts, i)
		}
	}
	vectors := make([]space.Vector, len(inputs))
	if err := s.encodeTexts(ctx, inputs, texts, vectors); err != nil {
		return nil, err
	}
	return vectors, s.encodeImages(ctx, field, images, vectors)
}

// picture is an image file among the inputs of a request.
type picture struct {
	at    int // position of its vector
	name  string
	bytes func() ([]byte, error) // asked when its turn comes
}

func (s *Server) checkInputs(field string, inputs []api.Input) error {
	if len(inputs) == 0 {
		return invalid(field, "%s is missing or empty; give a text, or a list of texts and images", field)
	}
	if len(inputs) > s.opts.MaxInputs {
		return invalid(field, "%s has %d inputs; at most %d in one request (--max-inputs)", field, len(inputs), s.opts.MaxInputs)
	}
	for i, in := range inputs {
		if err := in.Validate(); err != nil {
			return inputError(field, i, err)
		}
	}
	return nil
}

func inputError(field string, i int, err error) error {
	e := invalid(field, "%s: input %d: %s", field, i, err)
	e.Detail.Item = fmt.Sprint(i)
	return e
}

func (s *Server) encodeTexts(ctx context.Context, inputs []api.Input, at []int, vectors []space.Vector) error {
	if len(at) == 0 {
		return nil
	}
	texts := make([]string, len(at))
	for i, position := range at {
		texts[i] = inputs[position].Text
	}
	defer s.metrics.stage(stageEncodeTexts, time.Now(), len(texts))
	encoded, err := s.deps.Model.EncodeTexts(ctx, texts)
	if err != nil {
		return err
	}
	for i, position := range at {
		vectors[position] = encoded[i]
	}
	return nil
}

// encodeImages decodes pictures while others are in the tower. Of those that wait for it only the values that it reads
// are held.
func (s *Server) encodeImages(ctx context.Context, field string, images []picture, vectors []space.Vector) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(picturesAtOnce)
	turns := semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0))) // so that a large request does not fill the line for decoding
	for _, image := range images {
		group.Go(func() error {
			pixels, err := s.pixels(ctx, turns, image)
			if err != nil {
				return about(field, fmt.Sprint(image.at), err)
			}
			defer s.metrics.stage(stageEncodePictures, time.Now(), 1)
			vectors[image.at], err = s.deps.Model.EncodePixels(ctx, pixels)
			return err
		})
	}
	return group.Wait()
}

// pixels decodes an image of a request when it is its turn, in the request and among all.
func (s *Server) pixels(ctx context.Context, turns *semaphore.Weighted, image picture) ([]float32, error) {
	for _, line := range []*semaphore.Weighted{turns, s.deps.Decoding} {
		if err := line.Acquire(ctx, 1); err != nil {
			return nil, err
		}
		defer line.Release(1)
	}
	begun := time.Now()
	data, err := image.bytes()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", image.name, err)
	}
	picture, err := s.deps.Model.DecodePicture(image.name, data, s.opts.Limits)
	if err != nil {
		return nil, err
	}
	s.metrics.stage(stageDecode, begun, 1)
	return s.deps.Model.Pixels(picture)
}

// imageBytes reads the text form of an image file: base64 (standard or URL alphabet, padded or not) or a data: URL.
func imageBytes(text string) ([]byte, error) {
	if rest, isURL := strings.CutPrefix(text, "data:"); isURL {
		kind, payload, found := strings.Cut(rest, ",")
		if !found || !strings.HasSuffix(kind, ";base64") {
			return nil, fmt.Errorf("%w: the data: URL is not of the form data:image/…;base64,…", errImageText)
		}
		text = payload
	} else if strings.Contains(text[:min(len(text), 12)], "://") {
		return nil, fmt.Errorf("%w: addresses are not fetched; send the image's bytes as base64 or a data: URL", errImageText)
	}
	if data, err := base64.StdEncoding.DecodeString(text); err == nil {
		return data, nil
	}
	text = strings.TrimRight(strings.Map(dropSpace, text), "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	data, err := encoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: the image is not base64: %w", errImageText, err)
	}
	return data, nil
}

func dropSpace(r rune) rune {
	switch r {
	case ' ', '\t', '\r', '\n':
		return -1
	}
	return r
}
