package store

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/clipd/clipd/space"
)

// A vector's content is one byte for the item's kind, three zero bytes and the components as little-endian float32.
// The kind is there so that a vector index opens without reading items.
const vectorPrefix = 4

func encodeVector(kind space.Kind, v space.Vector) []byte {
	content := make([]byte, vectorPrefix, vectorPrefix+4*v.Dim())
	content[0] = kindByte(kind)
	for _, x := range v.Components() {
		content = binary.LittleEndian.AppendUint32(content, math.Float32bits(x))
	}
	return content
}

// decodeVector reads content into components, whose length is the dimension.
func decodeVector(key, content []byte, components []float32) (space.Kind, error) {
	if want := vectorPrefix + 4*len(components); len(content) != want {
		return "", fmt.Errorf("%w: %q has %d bytes; want %d", ErrDamaged, key, len(content), want)
	}
	kind, err := byteKind(content[0])
	if err != nil {
		return "", fmt.Errorf("%w: %q: %w", ErrDamaged, key, err)
	}
	raw := content[vectorPrefix:]
	for i := range components {
		components[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return kind, nil
}

func kindByte(kind space.Kind) byte {
	if kind == space.Image {
		return 2
	}
	return 1
}

func byteKind(b byte) (space.Kind, error) {
	switch b {
	case 1:
		return space.Text, nil
	case 2:
		return space.Image, nil
	}
	return "", fmt.Errorf("kind %d; want 1 (text) or 2 (image)", b)
}
