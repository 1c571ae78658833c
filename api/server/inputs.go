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

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/preprocess"
	"github.com/clipd/clipd/space"
)

// errImageText: an image that is not written as one in JSON.
var errImageText = errors.New("unreadable image")

// pictureChunk is how many pictures of one request are decoded before they are encoded: decoded ones are large.
const pictureChunk = 16

// encode turns the inputs of the request's field into their vectors; the i-th vector is the i-th input's.
func (s *Server) encode(ctx context.Context, field string, inputs []api.Input) ([]space.Vector, error) {
	if err := s.checkInputs(field, inputs); err != nil {
		return nil, err
	}
	var texts, images []int
	for i, in := range inputs {
		if in.Image != "" {
			images = append(images, i)
		} else {
			texts = append(texts, i)
		}
	}
	vectors := make([]space.Vector, len(inputs))
	if err := s.encodeTexts(ctx, inputs, texts, vectors); err != nil {
		return nil, err
	}
	for len(images) > 0 {
		n := min(pictureChunk, len(images))
		if err := s.encodeImages(ctx, field, inputs, images[:n], vectors); err != nil {
			return nil, err
		}
		images = images[n:]
	}
	return vectors, nil
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

func (s *Server) encodeImages(ctx context.Context, field string, inputs []api.Input, at []int, vectors []space.Vector) error {
	pictures, err := s.decodeImages(ctx, field, inputs, at)
	if err != nil {
		return err
	}
	defer s.metrics.stage(stageEncodePictures, time.Now(), len(pictures))
	encoded, err := s.deps.Model.EncodePictures(ctx, pictures)
	if err != nil {
		return err
	}
	for i, position := range at {
		vectors[position] = encoded[i]
	}
	return nil
}

func (s *Server) decodeImages(ctx context.Context, field string, inputs []api.Input, at []int) ([]*preprocess.Picture, error) {
	defer s.metrics.stage(stageDecode, time.Now(), len(at))
	pictures := make([]*preprocess.Picture, len(at))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, position := range at {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			name := fmt.Sprintf("%s %d", field, position)
			data, err := imageBytes(inputs[position].Image)
			if err != nil {
				return about(field, fmt.Sprint(position), fmt.Errorf("%s: %w", name, err))
			}
			pictures[i], err = s.deps.Model.DecodePicture(name, data, s.opts.Limits)
			return about(field, fmt.Sprint(position), err)
		})
	}
	return pictures, group.Wait()
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
