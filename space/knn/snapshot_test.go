package knn

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clipd/clipd/space"
)

// kept is an index of some hundred items in dir, closed, of which a snapshot was written.
func kept(t testing.TB, dir string, opts Options) {
	t.Helper()
	const dim = 48
	m := newMaker(dim)
	opts.Dir = dir
	x := newIndex(dim, kernels()[0], opts)
	for i := range 1200 {
		put(t, x, name(i), m.image(i))
	}
	x.Settle()
	for i := range 1200 {
		if i%4 == 0 {
			x.Remove(name(i))
		}
	}
	for i := range 40 {
		search(t, x, Query{Vector: m.text(i), K: 3, Kind: space.Text})
	}
	x.Settle()
	if err := x.Snapshot().Write(77, []byte("the caller's own")); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAnIndexIsOpenedAsItWas(t *testing.T) {
	for _, tier := range []string{TierCodes, TierLists} {
		t.Run(tier, func(t *testing.T) {
			dir, m := t.TempDir(), newMaker(48)
			kept(t, dir, tiers[tier])
			opts := tiers[tier]
			opts.Dir = dir
			x, saved, err := Open(48, opts)
			if err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			if saved.Sequence != 77 || string(saved.Extra) != "the caller's own" {
				t.Errorf("saved %+v", saved)
			}
			if x.Len() != 900 || x.Tier() != tier {
				t.Fatalf("%d items in tier %s; want 900 in %s", x.Len(), x.Tier(), tier)
			}
			if err := x.Verify(); err != nil {
				t.Error(err)
			}
			items := map[string]space.Vector{}
			for i := range 1200 {
				if i%4 != 0 {
					items[name(i)] = m.image(i)
				}
			}
			// it goes on living
			r := rand.New(rand.NewPCG(1, 5))
			for i := range 2000 {
				id := name(r.IntN(1500))
				if i%3 == 0 {
					x.Remove(id)
					delete(items, id)
					continue
				}
				items[id] = m.image(r.IntN(madeOnce))
				put(t, x, id, items[id])
			}
			x.Settle()
			for i := range 10 {
				q := m.text(i)
				equal(t, search(t, x, Query{Vector: q, K: 10, Exact: true}), nearest(items, q, 10, nil))
				if recall := recalled(search(t, x, Query{Vector: q, K: 10, Kind: space.Text}), nearest(items, q, 10, nil)); recall < 0.5 {
					t.Errorf("recall %.1f", recall)
				}
			}
			if err := x.Snapshot().Write(78, nil); err != nil {
				t.Fatal(err)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			again, saved, err := Open(48, opts)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if saved.Sequence != 78 || again.Len() != len(items) {
				t.Errorf("sequence %d, %d items; want 78, %d", saved.Sequence, again.Len(), len(items))
			}
			q := m.image(4)
			equal(t, search(t, again, Query{Vector: q, K: 10, Exact: true}), nearest(items, q, 10, nil))
		})
	}
}

// TestChangesAfterASnapshotAreReplayed: what was overwritten since is made good by whoever brings the changed items anew.
func TestChangesAfterASnapshotAreReplayed(t *testing.T) {
	dir, m := t.TempDir(), newMaker(48)
	kept(t, dir, tiers[TierLists])
	opts := tiers[TierLists]
	opts.Dir = dir
	x, _, err := Open(48, opts)
	if err != nil {
		t.Fatal(err)
	}
	items, changed := map[string]space.Vector{}, map[string]space.Vector{}
	for i := range 1200 {
		if i%4 != 0 {
			items[name(i)] = m.image(i)
		}
	}
	for i := range 3000 { // many slots are taken again
		id := name(i % 1000)
		items[id], changed[id] = m.image(i+7), m.image(i+7)
		put(t, x, id, items[id])
	}
	if err := x.Close(); err != nil { // without a snapshot, as after a crash
		t.Fatal(err)
	}
	x, saved, err := Open(48, opts)
	if err != nil || saved.Sequence != 77 {
		t.Fatal(saved, err)
	}
	defer x.Close()
	for id, v := range changed {
		put(t, x, id, v)
	}
	for id, v := range items {
		slot, there := x.Slot(id)
		if !there || !slices.Equal(x.Components(slot), v.Components()) {
			t.Fatalf("%s is there: %v", id, there)
		}
	}
	if err := x.Verify(); err != nil {
		t.Error(err)
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	source := t.TempDir()
	kept(t, source, tiers[TierLists])
	whole, err := os.ReadFile(filepath.Join(source, snapshotFile))
	if err != nil {
		t.Fatal(err)
	}
	opts := tiers[TierLists]
	opts.Dir = t.TempDir()
	if _, _, err := Open(48, opts); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
	if err := os.CopyFS(opts.Dir, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	try := func(what string, snapshot []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(opts.Dir, snapshotFile), snapshot, 0o644); err != nil {
			t.Fatal(err)
		}
		if x, _, err := Open(48, opts); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
			if err == nil {
				x.Close()
			}
		}
	}
	try("empty", nil)
	try("half", whole[:len(whole)/2])
	try("one byte short", whole[:len(whole)-1])
	for _, at := range []int{0, 9, 13, 17, 25, 40, 2000, len(whole) / 3, len(whole) - 2} {
		broken := slices.Clone(whole)
		broken[at] ^= 4
		if !slices.Contains([]byte{0, ' '}, whole[at]) { // padding
			try("a flipped bit", broken)
		}
	}
	if err := os.WriteFile(filepath.Join(opts.Dir, snapshotFile), whole, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(64, opts); !errors.Is(err, ErrDamaged) {
		t.Errorf("another dimension: %v", err)
	}
	if err := os.Truncate(filepath.Join(opts.Dir, rowsFile), 1000); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Open(48, opts); !errors.Is(err, ErrDamaged) {
		t.Errorf("rows cut off: %v", err)
	}
	if err := errors.Join(Remove(opts.Dir), Remove(opts.Dir)); err != nil {
		t.Error(err)
	}
}

func TestVerifyFindsAChangedRow(t *testing.T) {
	dir := t.TempDir()
	kept(t, dir, tiers[TierCodes])
	for _, file := range []string{rowsFile, quantFile} {
		path := filepath.Join(dir, file)
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		raw[5*len(raw)/chunkSlots] ^= 1 // slot 5
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		x, _, err := Open(48, Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Verify(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", file, err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		raw[5*len(raw)/chunkSlots] ^= 1
		if err := os.WriteFile(path, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzOpen reads snapshots whose checksums are right and whose content is not.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	kept(f, dir, tiers[TierLists])
	whole, err := os.ReadFile(filepath.Join(dir, snapshotFile))
	if err != nil {
		f.Fatal(err)
	}
	size := binary.NativeEndian.Uint64(whole[16:])
	f.Add(whole[headerBytes:][:size], uint16(0), byte(0))
	f.Add(whole[headerBytes:][:size], uint16(60_000), byte(255))
	opts := tiers[TierLists]
	opts.Dir = dir
	path := filepath.Join(dir, snapshotFile)
	f.Fuzz(func(t *testing.T, text []byte, at uint16, flip byte) {
		raw := slices.Clone(whole)
		raw[int(at)*len(raw)/65536] ^= flip
		os.Remove(path) // a file that is truncated and written again is flushed to disk at once by some systems
		if err := os.WriteFile(path, repaired(raw, text), 0o644); err != nil {
			t.Fatal(err)
		}
		x, _, err := Open(48, opts)
		if err != nil {
			return
		}
		q := newMaker(48).image(1)
		search(t, x, Query{Vector: q, K: 10})
		search(t, x, Query{Vector: q, K: 10, Exact: true})
		put(t, x, "another", q)
		x.Remove(name(5))
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// repaired is a snapshot with another description, and checksums that fit.
func repaired(raw, text []byte) []byte {
	var d description
	size := binary.NativeEndian.Uint64(raw[16:])
	if size > uint64(len(raw)-headerBytes) || len(text) > int(size) {
		return raw // the fuzzer has changed the length itself
	}
	if json.Unmarshal(text, &d) == nil {
		for i, s := range d.Sections {
			if s.Offset >= 0 && s.Bytes >= 0 && s.Offset <= int64(len(raw)) && s.Bytes <= int64(len(raw))-s.Offset {
				d.Sections[i].CRC = crc32.Checksum(raw[s.Offset:][:s.Bytes], castagnoli)
			}
		}
		if again, err := json.Marshal(d); err == nil && len(again) <= int(size) {
			text = again
		}
	}
	for len(text) < int(size) {
		text = append(slices.Clone(text), ' ')
	}
	copy(raw, header(text))
	copy(raw[headerBytes:], text)
	return raw
}
