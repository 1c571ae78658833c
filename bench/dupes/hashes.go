package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// hashed are a peer's hashes of the set, by file name; more than one where pictures are turned.
type hashed struct {
	name   string
	hashes map[string][][]uint64
	bits   int
}

// readHashes reads all *.tsv of the folder: path, kind, hashes.
func readHashes(dir string) ([]hashed, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.tsv"))
	if err != nil {
		return nil, err
	}
	var peers []hashed
	at := map[string]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			fields := strings.Split(lines.Text(), "\t")
			if len(fields) != 3 {
				return nil, fmt.Errorf("%s: %q: want path, kind and hash", path, lines.Text())
			}
			i, known := at[fields[1]]
			if !known {
				i = len(peers)
				at[fields[1]] = i
				peers = append(peers, hashed{name: fields[1], hashes: map[string][][]uint64{}})
			}
			for _, one := range strings.Fields(fields[2]) {
				words, err := hashWords(one)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", path, err)
				}
				name := filepath.Base(fields[0])
				peers[i].hashes[name] = append(peers[i].hashes[name], words)
				peers[i].bits = len(one) * 4
			}
		}
	}
	slices.SortFunc(peers, func(a, b hashed) int { return strings.Compare(a.name, b.name) })
	return peers, nil
}

func hashWords(text string) ([]uint64, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	words := make([]uint64, (len(raw)+7)/8)
	for i, b := range raw {
		words[i/8] |= uint64(b) << (i % 8 * 8)
	}
	return words, nil
}

// counts are the pairs of one half at each distance of a peer's hashes: an edit with its own picture, by edit; two files of
// other sources, by what they are. Two edits of one picture are not counted.
type counts struct {
	bits         int
	right, wrong map[string][]int
}

func newCounts(bits int) counts {
	return counts{bits, map[string][]int{}, map[string][]int{}}
}

func (c counts) note(of map[string][]int, what string, distance int) {
	if of[what] == nil {
		of[what] = make([]int, c.bits+2)
	}
	of[what][distance]++
}

func (c counts) add(o counts) {
	sum := func(into, from map[string][]int) {
		for what, some := range from {
			if into[what] == nil {
				into[what] = make([]int, c.bits+2)
			}
			for d, n := range some {
				into[what][d] += n
			}
		}
	}
	sum(c.right, o.right)
	sum(c.wrong, o.wrong)
}

// count looks at all pairs, on all cores.
func (h half) count(p hashed) counts {
	total := newCounts(p.bits)
	lists := make([][][]uint64, len(h.files))
	for i, f := range h.files {
		lists[i] = p.hashes[f.Name]
	}
	var mu sync.Mutex
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			some := newCounts(p.bits)
			others := make([]int, p.bits+2) // "other pictures", by far the most
			for i := int(next.Add(1)) - 1; i < len(h.files); i = int(next.Add(1)) - 1 {
				h.countRow(i, lists, some, others)
			}
			mu.Lock()
			defer mu.Unlock()
			some.wrong[otherPictures] = others
			total.add(some)
		})
	}
	workers.Wait()
	return total
}

// countRow looks at a file and all before it.
func (h half) countRow(i int, lists [][][]uint64, some counts, others []int) {
	b := &h.files[i]
	for j := range i {
		a := &h.files[j]
		d := distance(lists[j], lists[i], some.bits)
		switch {
		case a.Source == b.Source && a.Edit == "":
			some.note(some.right, b.Edit, d)
		case a.Source == b.Source:
		case a.Alike == "":
			others[d]++
		default:
			some.note(some.wrong, pairKind(*a, *b), d)
		}
	}
}

// distance is the least of the second's first hash and any of the first's.
func distance(a, b [][]uint64, most int) int {
	least := most + 1
	if len(b) == 0 {
		return least
	}
	other := b[0]
	for _, h := range a {
		d := 0
		for i, word := range h {
			d += bits.OnesCount64(word ^ other[i])
		}
		least = min(least, d)
	}
	return least
}

// upTo is how many pairs there are within a distance.
func upTo(list []int, limit int) int {
	n := 0
	for _, count := range list[:limit+1] {
		n += count
	}
	return n
}

func allUpTo(of map[string][]int, limit int) int {
	n := 0
	for list := range maps.Values(of) {
		n += upTo(list, limit)
	}
	return n
}

// best is the greatest distance that keeps leastPrecision; -1: none does.
func (c counts) best() int {
	best := -1
	for d := range c.bits + 1 {
		copies, others := allUpTo(c.right, d), allUpTo(c.wrong, d)
		if copies > 0 && float64(copies) >= leastPrecision*float64(copies+others) {
			best = d
		}
	}
	return best
}

// within is what a peer finds with a greatest distance.
func (c counts) within(name string, limit int) method {
	m := newMethod(name, fmt.Sprintf("≤ %d of %d bits", limit, c.bits))
	if limit < 0 {
		m.setting = "none reaches it"
		return m
	}
	m.copies = allUpTo(c.right, limit)
	for edit, list := range c.right {
		m.byEdit[edit] = upTo(list, limit)
	}
	for kind, list := range c.wrong {
		if n := upTo(list, limit); n > 0 {
			m.wrong[kind] = n
		}
	}
	return m
}
