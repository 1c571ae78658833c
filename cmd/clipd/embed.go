package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/clipd/clipd/api"
)

type embedFlags struct {
	images []string
	format string
}

func (a *app) embedCommand() *cobra.Command {
	f := embedFlags{format: "float"}
	cmd := &cobra.Command{
		Use:   "embed [TEXT]... [--image FILE]...",
		Short: "Turn texts and images into unit vectors",
		Long: `Embed prints a unit vector for each text and image: a line of JSON each, with the input and its embedding, as a list of
numbers or as base64 of little-endian float32. With "-" as the only text, texts are read from standard input, one a line.
With --json the whole answer is one document in the shape of OpenAI's embeddings.`,
		Example: `  clipd embed "a cat" "a dog"
  clipd embed --image cat.jpg --format base64
  cut -f2 titles.tsv | clipd embed - > vectors.jsonl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && len(f.images) == 0 {
				return usagef(`nothing to embed: give texts, --image FILE, or - for texts on standard input`)
			}
			return a.with(cmd.Context(), func(c *connection) error {
				return a.embed(cmd.Context(), c, args, f)
			})
		},
	}
	cmd.Flags().StringArrayVar(&f.images, "image", nil, "image file (may be repeated)")
	cmd.Flags().Var(choice(&f.format, "float", "base64"), "format", "how vectors are written: float or base64")
	return cmd
}

// embedBatch is how many inputs travel together.
const embedBatch = 64

// imagesInFlight is how many images are sent at once: enough for the server to fill its batches.
const imagesInFlight = 16

// embedLine is one line of output.
type embedLine struct {
	Input     string `json:"input"`
	Embedding any    `json:"embedding"`
}

// input is something to embed, and what the output calls it.
type input struct {
	name string
	api.Input
}

func (a *app) embed(ctx context.Context, c *connection, texts []string, f embedFlags) error {
	whole := api.EmbeddingsResponse{Object: "list"}
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	report := func(names []string, answer api.EmbeddingsResponse) error {
		if a.json {
			join(&whole, answer)
			return nil
		}
		for i, embedding := range answer.Data {
			if err := encoder.Encode(embedLine{names[i], embedding.Embedding}); err != nil {
				return err
			}
		}
		return nil
	}
	err := a.eachTexts(texts, func(batch []string) error {
		request := api.EmbeddingsRequest{EncodingFormat: f.format}
		for _, text := range batch {
			request.Input = append(request.Input, api.Input{Text: text})
		}
		answer, err := c.Embeddings(ctx, request)
		if err != nil {
			return err
		}
		return report(batch, answer)
	})
	if err == nil {
		err = embedImages(ctx, c, f, report)
	}
	if err != nil || !a.json {
		return err
	}
	return a.writeJSON(whole)
}

// embedImages sends the files as they are, each in a request of its own so that an error is this file's, and some at
// once. They are reported in their order, up to the first that failed.
func embedImages(ctx context.Context, c *connection, f embedFlags, report func([]string, api.EmbeddingsResponse) error) error {
	for paths := range slices.Chunk(f.images, imagesInFlight) {
		answers, errs := make([]api.EmbeddingsResponse, len(paths)), make([]error, len(paths))
		var senders sync.WaitGroup
		for i, path := range paths {
			senders.Go(func() { answers[i], errs[i] = embedImage(ctx, c, path, f.format) })
		}
		senders.Wait()
		for i, path := range paths {
			if errs[i] != nil {
				return errs[i]
			}
			if err := report([]string{path}, answers[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func embedImage(ctx context.Context, c *connection, path, format string) (api.EmbeddingsResponse, error) {
	data, err := readBounded(path)
	if err != nil {
		return api.EmbeddingsResponse{}, err
	}
	file := api.Upload{Name: path, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
	answer, err := c.EmbedImages(ctx, api.EmbeddingsRequest{EncodingFormat: format}, file)
	if err != nil {
		return answer, fmt.Errorf("%s: %w", path, err)
	}
	return answer, nil
}

// join appends the answer of a batch to the whole, its indexes counted on.
func join(whole *api.EmbeddingsResponse, answer api.EmbeddingsResponse) {
	for _, embedding := range answer.Data {
		embedding.Index = len(whole.Data)
		whole.Data = append(whole.Data, embedding)
	}
	whole.Model = answer.Model
	whole.Usage.PromptTokens += answer.Usage.PromptTokens
	whole.Usage.TotalTokens += answer.Usage.TotalTokens
}

// eachTexts gives texts in batches.
func (a *app) eachTexts(texts []string, do func([]string) error) error {
	if !slices.Equal(texts, []string{"-"}) {
		for batch := range slices.Chunk(texts, embedBatch) {
			if err := do(batch); err != nil {
				return err
			}
		}
		return nil
	}
	lines := bufio.NewScanner(a.in)
	lines.Buffer(nil, maxTextBytes)
	var batch []string
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			batch = append(batch, text)
		}
		if len(batch) == embedBatch {
			if err := do(batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	if len(batch) == 0 {
		return nil
	}
	return do(batch)
}

// readImageInput reads a file as an input of the search and classify routes.
func readImageInput(path string) (input, error) {
	data, err := readBounded(path)
	if err != nil {
		return input{}, err
	}
	return input{path, api.Input{Image: base64.StdEncoding.EncodeToString(data)}}, nil
}

// maxInlineImage bounds an image that travels inside JSON.
const maxInlineImage = 64 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxInlineImage+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxInlineImage {
		return nil, fmt.Errorf("%s: larger than 64 MiB", path)
	}
	if len(data) == 0 {
		return nil, errors.New(path + ": the file is empty")
	}
	return data, nil
}
