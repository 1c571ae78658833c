package textenc

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/clipd/clipd/internal/ort"
	"github.com/clipd/clipd/space"
)

// bucketWidth is how far lengths may differ in one batch: at most 7 padded tokens a text.
const bucketWidth = 8

// Bucket groups tokenized texts that may share a batch: all where every text is padded to the context length, those
// of about one length where a mask hides the padding, those of exactly one length where nothing does.
func (e *Encoder) Bucket(t Tokens) int {
	switch e.spec.Padding {
	case PaddingFull:
		return 0
	case PaddingLongest:
		return (len(t.IDs) + bucketWidth - 1) / bucketWidth
	}
	return len(t.IDs)
}

// plan puts the texts' indices into batches: by bucket, shortest first, at most maxBatch each.
func (e *Encoder) plan(tokens []Tokens) [][]int {
	order := make([]int, len(tokens))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(tokens[a].IDs), len(tokens[b].IDs)) })
	limit := e.maxBatch
	if e.fixedRows > 0 {
		limit = e.fixedRows
	}
	var batches [][]int
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && end-start < limit && e.Bucket(tokens[order[end]]) == e.Bucket(tokens[order[start]]) {
			end++
		}
		batches = append(batches, order[start:end])
		start = end
	}
	return batches
}

// run encodes one batch: the texts at the given indices.
func (e *Encoder) run(ctx context.Context, tokens []Tokens, batch []int, vectors []space.Vector) error {
	length := e.spec.ContextLength
	if e.spec.Padding != PaddingFull {
		length = 0
		for _, i := range batch {
			length = max(length, len(tokens[i].IDs))
		}
	}
	rows := max(len(batch), e.fixedRows)
	ids, mask := e.matrices(tokens, batch, rows, length)
	out, err := e.session.Run(ctx, e.tensors(ids, mask, rows, length), e.output.Name)
	if err != nil {
		return fmt.Errorf("text tower: %w", err)
	}
	pooled, err := e.pool(out[0], mask, rows, length)
	if err != nil {
		return fmt.Errorf("text tower: %w", err)
	}
	for row, i := range batch {
		if vectors[i], err = space.Normalize(pooled[row]); err != nil {
			return fmt.Errorf("text tower: %w: output %q: %w", space.ErrModelOutput, e.output.Name, err)
		}
	}
	return nil
}

// matrices lay the ids out in rows of one length, with the mask of what is no padding. Rows that a fixed batch size
// leaves over repeat the first text: a row of nothing but padding could be a division by zero.
func (e *Encoder) matrices(tokens []Tokens, batch []int, rows, length int) (ids, mask []int64) {
	ids, mask = make([]int64, rows*length), make([]int64, rows*length)
	for row := range rows {
		text := tokens[batch[0]].IDs
		if row < len(batch) {
			text = tokens[batch[row]].IDs
		}
		line := ids[row*length : (row+1)*length]
		n := copy(line, text)
		for j := range line {
			if j < n {
				mask[row*length+j] = 1
			} else {
				line[j] = e.spec.PadID
			}
		}
	}
	return ids, mask
}

// tensors are the graph's inputs, by its own names.
func (e *Encoder) tensors(ids, mask []int64, rows, length int) []ort.Tensor {
	dims := []int64{int64(rows), int64(length)}
	in := make([]ort.Tensor, len(e.inputs))
	for i, name := range e.inputs {
		in[i] = ort.Tensor{Name: name, Dims: dims}
		switch name {
		case "attention_mask":
			in[i].I64 = mask
			if e.spec.PadSeen {
				in[i].I64 = ones(rows * length)
			}
		case "token_type_ids":
			in[i].I64 = make([]int64, rows*length)
		case "position_ids":
			in[i].I64 = positions(rows, length)
		default:
			in[i].I64 = ids
		}
	}
	return in
}

func positions(rows, length int) []int64 {
	p := make([]int64, rows*length)
	for i := range p {
		p[i] = int64(i % length)
	}
	return p
}

func ones(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = 1
	}
	return list
}
