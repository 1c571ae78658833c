package space

import (
	"errors"
	"fmt"
)

// ErrFingerprint: vectors of one model were brought to a collection of another. Mixed spaces look alive and
// answer nonsense, so they are refused.
var ErrFingerprint = errors.New("the collection holds vectors of another model")

// Fingerprint says which encoders made a vector. Two vectors may be compared only when their digests are equal.
type Fingerprint struct {
	Model  string `json:"model"`  // the model's name, for people
	Digest string `json:"digest"` // hex SHA-256 over weights, tokenizer and preprocessing
	Dim    int    `json:"dim"`    // dimension of the space
}

// String is the model's name with the first twelve digits of the digest: "starter@1f0c2d3e4a5b".
func (f Fingerprint) String() string {
	return fmt.Sprintf("%s@%.12s", f.Model, f.Digest)
}

// Match returns nil when other is of the same space, else an ErrFingerprint that names both.
func (f Fingerprint) Match(other Fingerprint) error {
	if f.Digest == other.Digest {
		return nil
	}
	return fmt.Errorf("%w: collection %s, model in use %s; start clipd with that model, or index into a new collection",
		ErrFingerprint, f, other)
}
