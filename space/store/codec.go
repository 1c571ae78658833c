package store

import (
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// codec writes deterministic CBOR (RFC 8949, 4.2.1), so that equal values are equal bytes.
type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newCodec() (codec, error) {
	encOptions := cbor.CoreDetEncOptions()
	encOptions.Time = cbor.TimeRFC3339Nano
	enc, err := encOptions.EncMode()
	if err != nil {
		return codec{}, fmt.Errorf("CBOR encoder: %w", err)
	}
	dec, err := cbor.DecOptions{
		DefaultMapType: reflect.TypeFor[map[string]any](),
		UTF8:           cbor.UTF8DecodeInvalid, // file names need not be UTF-8
		DupMapKey:      cbor.DupMapKeyEnforcedAPF,
		IndefLength:    cbor.IndefLengthForbidden,
	}.DecMode()
	if err != nil {
		return codec{}, fmt.Errorf("CBOR decoder: %w", err)
	}
	return codec{enc, dec}, nil
}

// sealed is v under key as it lies on disk.
func (c codec) sealed(key []byte, v any) ([]byte, error) {
	content, err := c.enc.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %q: %w", key, err)
	}
	return seal(key, content), nil
}

// open reads a sealed value into v.
func (c codec) open(key, value []byte, v any) error {
	content, err := unseal(key, value)
	if err != nil {
		return err
	}
	if err := c.dec.Unmarshal(content, v); err != nil {
		return fmt.Errorf("%w: %q: %w", ErrDamaged, key, err)
	}
	return nil
}
