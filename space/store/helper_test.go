package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

var testFingerprint = space.Fingerprint{Model: "bag", Digest: "0123456789abcdef", Dim: 4}

func create(t testing.TB) (*Store, string) {
	t.Helper()
	dir := t.TempDir() + "/store"
	s, err := Create(dir, Identity{testFingerprint, time.Now()}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

func reopen(t testing.TB, s *Store, dir string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, testFingerprint, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	return again
}

func vector(x ...float32) space.Vector {
	v, err := space.Normalize(x)
	if err != nil {
		panic(err)
	}
	return v
}

func textRecord(id, text string) *Record {
	return &Record{Item: space.Item{ID: id, Kind: space.Text, Text: text, Vector: vector(1, 2, 3, float32(len(text)))}}
}

func puts(records ...*Record) []Operation {
	operations := make([]Operation, len(records))
	for i, r := range records {
		operations[i].Put = r
	}
	return operations
}

func write(t testing.TB, s *Store, operations ...Operation) Outcome {
	t.Helper()
	outcome, err := s.Write(context.Background(), operations)
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

// overwrite puts raw bytes under a key, as damage would.
func overwrite(t testing.TB, s *Store, k, value []byte) {
	t.Helper()
	if err := s.db.Set(k, value, pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

func changesAfter(s *Store, after uint64) (list []string, err error) {
	err = s.Changes(context.Background(), after, func(sequence uint64, ids []string) error {
		list = append(list, fmt.Sprint(sequence, ids))
		return nil
	})
	return list, err
}
