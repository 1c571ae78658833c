package space

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Hash256 is a 256-bit perceptual hash; package dedup computes it. The zero value means "none".
type Hash256 [4]uint64

// Distance is the Hamming distance, 0 (alike) to 256.
func (h Hash256) Distance(other Hash256) int {
	n := 0
	for i := range h {
		n += bits.OnesCount64(h[i] ^ other[i])
	}
	return n
}

// IsZero says whether the hash is absent.
func (h Hash256) IsZero() bool { return h == Hash256{} }

// MarshalText writes 64 hexadecimal digits.
func (h Hash256) MarshalText() ([]byte, error) {
	var raw [32]byte
	for i, word := range h {
		binary.BigEndian.PutUint64(raw[8*i:], word)
	}
	return []byte(hex.EncodeToString(raw[:])), nil
}

// UnmarshalText reads 64 hexadecimal digits.
func (h *Hash256) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != 32 {
		return fmt.Errorf("perceptual hash %q: want 64 hexadecimal digits", text)
	}
	for i := range h {
		h[i] = binary.BigEndian.Uint64(raw[8*i:])
	}
	return nil
}
