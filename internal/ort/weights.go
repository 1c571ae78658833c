package ort

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
)

// leastOutside is the size in bytes from which a weight is left in its file. Smaller ones are the shapes and scales that
// the optimiser looks into, and biases.
const leastOutside = 4 << 10

// Field numbers of onnx.proto3 that only the weights need.
const (
	tensorDims     = 1 // TensorProto
	tensorDataType = 2
	tensorRaw      = 9
	tensorLocation = 14
	tensorOUTSIDE  = 1 // TensorProto.DataLocation EXTERNAL
)

// slim is the graph without its weights: those of leastOutside bytes and more become "external data", at their own place
// in the file that the graph was read from. What is left is as small as the graph's nodes, can be rewritten, and loads
// faster and in less memory than the file: the library maps the weights instead of reading and copying them.
// It is the graph itself where there is no file, or nothing to gain.
func slim(graph Graph) (Graph, error) {
	if graph.Path == "" || len(graph.Bytes) > 0 {
		return graph, nil
	}
	sig, err := inspect(graph)
	if err != nil {
		return graph, err
	}
	// A link's target holds the weights, and the library looks for them below the folder that it is told.
	real, err := filepath.EvalSymlinks(graph.Path)
	if err != nil {
		return graph, err
	}
	if len(sig.External) > 0 && filepath.Dir(real) != filepath.Dir(graph.Path) {
		return graph, nil // weights in two folders; it can be told one
	}
	whole, closer, err := openMessage(graph)
	if err != nil {
		return graph, err
	}
	defer closer()
	slimmed, err := slimModel(whole, filepath.Base(real))
	if err != nil {
		return graph, fmt.Errorf("%w: %w", ErrGraph, err)
	}
	return Graph{Bytes: slimmed, Path: real}, nil
}

func slimModel(whole message, file string) ([]byte, error) {
	var slimmed []byte
	err := whole.each(func(f field) error {
		if f.number != modelGraph || f.body.r == nil {
			return f.raw.appendTo(&slimmed)
		}
		var body []byte
		err := f.body.each(func(f field) error {
			if f.number == graphInitializer && f.body.r != nil && f.body.end-f.body.off >= leastOutside {
				return slimWeight(&body, f, file)
			}
			return f.raw.appendTo(&body)
		})
		slimmed = appendLen(slimmed, modelGraph, body)
		return err
	})
	return slimmed, err
}

// slimWeight appends an initializer whose payload, if it is raw, stays where it is. Those that spell their numbers out
// (float_data and its like) are copied.
func slimWeight(body *[]byte, f field, file string) error {
	var kept []byte
	var payload message
	err := f.body.each(func(f field) error {
		if f.number == tensorRaw {
			payload = f.body
			return nil
		}
		if f.body.end-f.body.off >= leastOutside {
			return errSpelled
		}
		return f.raw.appendTo(&kept)
	})
	if errors.Is(err, errSpelled) || err == nil && payload.end-payload.off < leastOutside {
		return f.raw.appendTo(body)
	}
	for _, entry := range [][2]string{
		{"location", file}, {"offset", strconv.FormatInt(payload.off, 10)}, {"length", strconv.FormatInt(payload.end-payload.off, 10)},
	} {
		pair := appendLen(appendLen(nil, entryKey, []byte(entry[0])), entryValue, []byte(entry[1]))
		kept = appendLen(kept, tensorExternal, pair)
	}
	kept = appendVarint(kept, tensorLocation, tensorOUTSIDE)
	*body = appendLen(*body, graphInitializer, kept)
	return err
}

// errSpelled: a weight has its numbers in another field than raw_data.
var errSpelled = errors.New("no raw data")

// appendTo reads the whole stretch onto the end of list.
func (m message) appendTo(list *[]byte) error {
	raw, err := m.bytes()
	*list = append(*list, raw...)
	return err
}
