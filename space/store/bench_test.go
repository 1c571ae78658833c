package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/clipd/clipd/space"
)

// The workload: photographs with a vector of 384 components and a thumbnail of 10 kB.
const (
	benchDim       = 384
	benchThumbnail = 10_000
	benchBatch     = 32
)

// keeper is what the benchmarks ask of a database.
type keeper interface {
	keep(b *testing.B, first, n int)
	vectors(b *testing.B) int
}

// BenchmarkPut keeps photographs durably, alone and in batches, in this store and in bbolt (B+ tree, which has no
// checksums, records or change log here: the comparison favours it).
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{1, benchBatch} {
		for name, open := range keepers {
			b.Run(fmt.Sprintf("%s/batch=%d", name, n), func(b *testing.B) {
				k := open(b)
				for i := 0; b.Loop(); i++ {
					k.keep(b, i*n, n)
				}
				b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "items/s")
			})
		}
	}
}

// BenchmarkVectors reads all vectors of 20,000 photographs, as opening a collection does.
func BenchmarkVectors(b *testing.B) {
	for name, open := range keepers {
		b.Run(name, func(b *testing.B) {
			const items = 20_000
			k := open(b)
			for first := 0; first < items; first += 1000 {
				k.keep(b, first, 1000)
			}
			for b.Loop() {
				if n := k.vectors(b); n != items {
					b.Fatalf("%d vectors", n)
				}
			}
			b.ReportMetric(items*float64(b.N)/b.Elapsed().Seconds(), "vectors/s")
		})
	}
}

// BenchmarkItem reads one item with its vector.
func BenchmarkItem(b *testing.B) {
	s := pebbleKeeper(b).(storeKeeper).Store
	storeKeeper{s}.keep(b, 0, 5000)
	for i := 0; b.Loop(); i++ {
		if _, err := s.Item(context.Background(), benchID(i%5000)); err != nil {
			b.Fatal(err)
		}
	}
}

var keepers = map[string]func(b *testing.B) keeper{"pebble": pebbleKeeper, "bbolt": boltKeeper}

func benchID(i int) string { return fmt.Sprintf("%032x", uint64(i)*0x9e3779b97f4a7c15) } // ids are hashes: in no order

func benchRecord(i int) *Record {
	random := rand.New(rand.NewPCG(uint64(i), 1))
	raw := make([]float32, benchDim)
	for j := range raw {
		raw[j] = float32(random.NormFloat64())
	}
	thumbnail := make([]byte, benchThumbnail)
	for j := range thumbnail {
		thumbnail[j] = byte(random.Uint32())
	}
	return &Record{
		Item:      space.Item{ID: benchID(i), Kind: space.Image, Source: fmt.Sprintf("/photos/%d.jpg", i), Vector: vector(raw...)},
		Thumbnail: thumbnail,
	}
}

type storeKeeper struct{ *Store }

func pebbleKeeper(b *testing.B) keeper {
	b.Helper()
	f := testFingerprint
	f.Dim = benchDim
	s, err := Create(b.TempDir()+"/store", Identity{f, time.Now()}, Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return storeKeeper{s}
}

func (k storeKeeper) keep(b *testing.B, first, n int) {
	records := make([]*Record, n)
	for i := range records {
		records[i] = benchRecord(first + i)
	}
	write(b, k.Store, puts(records...)...)
}

func (k storeKeeper) vectors(b *testing.B) (n int) {
	if err := k.Vectors(context.Background(), func(string, space.Kind, []float32) error { n++; return nil }); err != nil {
		b.Fatal(err)
	}
	return n
}

type bolt struct{ *bbolt.DB }

var boltBuckets = [][]byte{[]byte("items"), []byte("vectors"), []byte("thumbnails")}

func boltKeeper(b *testing.B) keeper {
	b.Helper()
	db, err := bbolt.Open(b.TempDir()+"/bolt", 0o644, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range boltBuckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return bolt{db}
}

func (k bolt) keep(b *testing.B, first, n int) {
	err := k.Update(func(tx *bbolt.Tx) error {
		for i := range n {
			r := benchRecord(first + i)
			values := [][]byte{[]byte(r.Item.Source), encodeVector(r.Item.Kind, r.Item.Vector), r.Thumbnail}
			for j, name := range boltBuckets {
				if err := tx.Bucket(name).Put([]byte(r.Item.ID), values[j]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (k bolt) vectors(b *testing.B) (n int) {
	components := make([]float32, benchDim)
	err := k.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(boltBuckets[1]).ForEach(func(key, value []byte) error {
			n++
			_, err := decodeVector(key, value, components)
			return err
		})
	})
	if err != nil {
		b.Fatal(err)
	}
	return n
}
