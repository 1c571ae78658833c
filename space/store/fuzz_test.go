package store

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
)

// FuzzRecord: any content is refused, or is an item that is written and read again as it is.
func FuzzRecord(f *testing.F) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	k := key(itemSpace, "a")
	it := space.Item{ID: "a", Kind: space.Image, Metadata: space.Metadata{"n": 1.0, "l": []string{"x"}}, Picture: &space.Picture{Format: "png"}}
	content, err := c.enc.Marshal(recordOf(it))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, content []byte) {
		var record itemRecord
		if c.open(k, seal(k, content), &record) != nil {
			return
		}
		it, err := record.item("a")
		if err != nil {
			return
		}
		value, err := c.sealed(k, recordOf(it))
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", it, err)
		}
		var again itemRecord
		if err := c.open(k, value, &again); err != nil {
			t.Fatal(err)
		}
		back, err := again.item("a")
		if err != nil || !reflect.DeepEqual(back, it) {
			t.Fatalf("%+v came back as %+v, %v", it, back, err)
		}
	})
}

// FuzzVector: any content is refused, or is written again as it is.
func FuzzVector(f *testing.F) {
	f.Add(encodeVector(space.Image, vector(1, 2, 3, 4)))
	f.Add([]byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, content []byte) {
		components := make([]float32, 4)
		kind, err := decodeVector([]byte("va"), content, components)
		if err != nil {
			return
		}
		v, err := space.FromUnit(components)
		if err != nil {
			return
		}
		if again := encodeVector(kind, v); !bytes.Equal(again[vectorPrefix:], content[vectorPrefix:]) || again[0] != content[0] {
			t.Fatalf("%x became %x", content, again)
		}
	})
}

// FuzzEnvelope: what is opened is what was sealed.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("key"), seal([]byte("key"), []byte("content")))
	f.Add([]byte{}, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, k, value []byte) {
		content, err := unseal(k, value)
		if err == nil && !bytes.Equal(seal(k, content), value) {
			t.Fatalf("%x opens to %x, which seals to another value", value, content)
		}
	})
}

// FuzzValues: whatever lies under any key, checking the store names what is wrong and reading it gives no panic.
func FuzzValues(f *testing.F) {
	c, err := newCodec()
	if err != nil {
		f.Fatal(err)
	}
	for _, v := range []any{
		identityRecord{1, "bag", "01", 4, time.Unix(1, 0)}, File{"a", 1, time.Unix(1, 0)}, Decision{"k", "no", time.Unix(1, 0)}, []string{"a", "b"},
	} {
		content, err := c.enc.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, content []byte) {
		for _, k := range [][]byte{[]byte(identityKey), []byte(sequenceKey), key(fileSpace, "a"), changeKey(1), key(decisionSpace, "k")} {
			value := seal(k, content)
			var identity identityRecord
			var file File
			var decision Decision
			var ids []string
			for _, v := range []any{&identity, &file, &decision, &ids} {
				if err := c.open(k, value, v); err != nil && !errors.Is(err, ErrDamaged) {
					t.Fatalf("%q: %v", k, err)
				}
			}
			if _, err := readNumber(k, value); err != nil && !errors.Is(err, ErrDamaged) {
				t.Fatalf("%q: %v", k, err)
			}
		}
	})
}
