package keyword

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
)

// captions are n items with captions of ten words from a vocabulary of 5,000, frequent ones more often.
func captions(n int) []space.Item {
	rnd := rand.New(rand.NewPCG(3, 3))
	zipf := rand.NewZipf(rnd, 1.1, 3, 4999)
	day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	items := make([]space.Item, n)
	for i := range items {
		words := make([]string, 10)
		for w := range words {
			words[w] = fmt.Sprintf("word%s", letters(int(zipf.Uint64())))
		}
		items[i] = space.Item{
			ID: fmt.Sprintf("item-%07d", i), Kind: space.Image, Text: strings.Join(words, " "),
			Source:  fmt.Sprintf("/photos/%d/%02d/IMG_%06d.jpg", 2020+i%5, i%12, i),
			Created: day.Add(time.Duration(i) * time.Minute), Updated: day.Add(time.Duration(i) * time.Minute),
			Picture:  &space.Picture{Format: "jpeg", Width: 4000, Height: 3000, Bytes: int64(1e6 + i)},
			Metadata: space.Metadata{"sku": fmt.Sprintf("SKU-%06d", i), "price": float64(i%1000) / 10, "colour": []string{"red", "blue", "green", "grey"}[i%4], "sold": i%2 == 0},
		}
	}
	return items
}

func letters(n int) string {
	var s []byte
	for ; n > 0; n /= 26 {
		s = append(s, byte('a'+n%26))
	}
	return string(s)
}

func benchIndex(b *testing.B, n int) *Index {
	b.Helper()
	x := openWith(b)
	items := captions(n)
	for len(items) > 0 {
		batch := min(5000, len(items))
		if err := x.Apply(context.Background(), Batch{Puts: items[:batch]}); err != nil {
			b.Fatal(err)
		}
		items = items[batch:]
	}
	return x
}

const benchItems = 50_000

func BenchmarkApply(b *testing.B) {
	for _, noSync := range []bool{false, true} {
		b.Run(fmt.Sprintf("1000 items, NoSync %v", noSync), func(b *testing.B) {
			x, err := Open(b.TempDir(), Options{NoSync: noSync})
			if err != nil {
				b.Fatal(err)
			}
			defer x.Close()
			items := captions(1000)
			for b.Loop() {
				if err := x.Apply(context.Background(), Batch{Puts: items}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "items/s")
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	x := benchIndex(b, benchItems)
	for _, c := range []struct{ name, words string }{
		{"frequent words", "word wordb wordc"}, {"rare words", "wordabf wordzzd"}, {"code", "SKU-001234"}, {"misspelt", "wordabfx"}, {"unfinished", "wordab"},
		{"phrase", `"word wordb"`},
	} {
		for _, n := range []int{10, 1000} {
			b.Run(fmt.Sprintf("%s, %d of %d", c.name, n, benchItems), func(b *testing.B) {
				for b.Loop() {
					if _, err := x.Search(context.Background(), Ask{Words: c.words, N: n}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	x := benchIndex(b, benchItems)
	yes := true
	for _, c := range []struct {
		name   string
		filter space.Filter
	}{
		{"equals, a quarter", space.Filter{Field: "colour", Equals: "red"}},
		{"equals, one", space.Filter{Field: "sku", Equals: "SKU-001234"}},
		{"exists, all", space.Filter{Field: "price", Exists: &yes}},
		{"range of numbers, half", space.Filter{Field: "price", GTE: 10.0, LT: 60.0}},
		{"range of times, half", space.Filter{Field: "_created", GTE: "2020-01-10T00:00:00Z", LT: "2020-01-28T00:00:00Z"}},
		{"prefix, a fifth", space.Filter{Field: "_source", Prefix: "/photos/2021/"}},
		{"not", space.Filter{Not: &space.Filter{Field: "sold", Equals: true}}},
		{"match", space.Filter{Field: "_text", Match: "word wordb"}},
		{"and of three", space.Filter{And: []space.Filter{{Field: "colour", Equals: "red"}, {Field: "price", LT: 50.0}, {Field: "_width", GTE: 1000.0}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			ids := 0
			for b.Loop() {
				found, err := x.Filter(context.Background(), c.filter)
				if err != nil {
					b.Fatal(err)
				}
				ids = len(found)
			}
			b.ReportMetric(float64(ids), "ids")
		})
	}
}
