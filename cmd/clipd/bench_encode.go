package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

func (a *app) benchEncodeCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "encode",
		Short: "Measure images and texts a second",
		Long: `Encode measures the whole way of a request: JSON in, decoding, encoding, JSON out. Images are made for the purpose:
JPEGs of smooth colours and noise. "One at a time" is the latency that a lone caller sees; throughput has --callers
requests in flight. Everything runs after a warm-up.`,
		Example: "  clipd bench encode --seconds 10 --width 4000 --height 3000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if f.width < 1 || f.height < 1 || f.width*f.height > 50_000_000 {
				return usagef("--width %d, --height %d: want 1 to 50,000,000 pixels in all", f.width, f.height)
			}
			return a.with(cmd.Context(), func(c *connection) error { return a.benchEncode(cmd.Context(), c, f) })
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.width, "width", 640, "width of the images in pixels")
	cmd.Flags().IntVar(&f.height, "height", 480, "height of the images in pixels")
	return cmd
}

func (a *app) benchEncode(ctx context.Context, c *connection, f benchFlags) error {
	picture, err := benchPicture(f.width, f.height)
	if err != nil {
		return err
	}
	oneImage := api.EmbeddingsInput{{Image: base64.StdEncoding.EncodeToString(picture)}}
	oneText := api.EmbeddingsInput{{Text: "a photo of a dog that runs along the beach"}}
	var manyTexts api.EmbeddingsInput
	for i := range 32 {
		manyTexts = append(manyTexts, api.Input{Text: fmt.Sprintf("a photo of number %d on the side of a road", i)})
	}
	size := fmt.Sprintf("JPEG %d×%d, %d kB", f.width, f.height, len(picture)/1000)
	runs := []load{
		{"image, one at a time", "images", size, 1, 1, embedWork(c, oneImage)},
		{"image, throughput", "images", fmt.Sprintf("%s, %d callers", size, f.callers), 1, f.callers, embedWork(c, oneImage)},
		{"text, one at a time", "texts", "10 words", 1, 1, embedWork(c, oneText)},
		{"text, throughput", "texts", fmt.Sprintf("32 texts a request, %d callers", f.callers), len(manyTexts), f.callers, embedWork(c, manyTexts)},
	}
	return a.bench(ctx, c, runs, f)
}

func embedWork(c *connection, input api.EmbeddingsInput) func(context.Context, int) error {
	return func(ctx context.Context, _ int) error {
		_, err := c.Embeddings(ctx, api.EmbeddingsRequest{Input: input, EncodingFormat: "base64"})
		return err
	}
}

// benchPicture is a JPEG whose size is about that of a photograph: smooth colours and some noise; always the same.
func benchPicture(width, height int) ([]byte, error) {
	random := rand.New(rand.NewPCG(1, 2))
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			noise := uint8(random.UintN(24))
			canvas.SetRGBA(x, y, color.RGBA{uint8(x*200/width) + noise, uint8(y*200/height) + noise, uint8((x+y)%200) + noise, 255})
		}
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: 85})
	return out.Bytes(), err
}
