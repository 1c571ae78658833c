package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/clipd/clipd/space"
)

func TestEveryFieldSurvivesReopening(t *testing.T) {
	s, dir := create(t)
	ctx := t.Context()
	image := Record{
		Item: space.Item{
			ID: "a picture/ü", Kind: space.Image, Source: "/photos/\xff.jpg", Text: "a caption", SHA256: strings.Repeat("ab", 32),
			Metadata: space.Metadata{"s": "x", "n": 1.5, "whole": 3.0, "b": true, "list": []string{"a", "b"}, "when": "2024-05-01T00:00:00Z"},
			Picture: &space.Picture{
				Format: "jpeg", Width: 40, Height: 30, Bytes: 1234, Modified: time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC),
				Taken: time.Date(2019, 1, 2, 3, 4, 5, 0, time.UTC), Camera: "Maker Model", PixelSHA256: strings.Repeat("cd", 32),
				Hash: space.Hash256{1, 2, 3, 1 << 63}, HashQuality: 77, Location: &space.Point{Lat: -22.9518, Lon: 43.2},
				Inner: &space.Inner{Hash: space.Hash256{5, 0, 1 << 62, 8}, Quality: 66, Part: space.Part{0, 1200, 10000, 8800}},
			},
			Vector: vector(0.1, -0.2, 0.3, 0.4),
		},
		Thumbnail: []byte("jpeg bytes"),
		File:      File{Bytes: 1234, Modified: time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC)},
	}
	outcome := write(t, s, Operation{Put: &image})
	if err := s.SetSettings(ctx, []byte(`{"x":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.Decide(ctx, Decision{"a|b", "no copy", time.Unix(5, 0)}); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, dir)

	got, err := s.Item(ctx, image.Item.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := outcome.Steps[0].Item; !reflect.DeepEqual(got, want) {
		t.Errorf("item\n%+v, want\n%+v", got, want)
	}
	if thumbnail, err := s.Thumbnail(ctx, got.ID); err != nil || string(thumbnail) != "jpeg bytes" {
		t.Errorf("thumbnail %q, %v", thumbnail, err)
	}
	if file, found, err := s.File(ctx, image.Item.Source); err != nil || !found || file.ID != got.ID || !file.Same(1234, image.File.Modified) {
		t.Errorf("file %+v, %t, %v", file, found, err)
	}
	if settings, err := s.Settings(ctx); err != nil || string(settings) != `{"x":1}` {
		t.Errorf("settings %q, %v", settings, err)
	}
	if d, err := s.Decision(ctx, "a|b"); err != nil || d.Verdict != "no copy" || !d.Made.Equal(time.Unix(5, 0)) {
		t.Errorf("decision %+v, %v", d, err)
	}
	if id := s.Identity(); id.Fingerprint != testFingerprint || id.Created.IsZero() || s.Sequence() != 1 {
		t.Errorf("identity %+v, sequence %d", id, s.Sequence())
	}
	want := Report{Items: 1, Images: 1, Vectors: 1, Thumbnails: 1, Files: 1, Changes: 1, Decisions: 1}
	if report, err := s.Check(ctx, nil); err != nil || !reflect.DeepEqual(report, want) {
		t.Errorf("check: %+v, %v; want %+v", report, err, want)
	}
}

func TestWriteSaysWhatItDid(t *testing.T) {
	s, _ := create(t)
	first := write(t, s, puts(textRecord("a", "one"), textRecord("b", "two"))...)
	if first.Steps[0].Change != space.Created || first.Sequence != 1 || !slices.Equal(first.Changed, []string{"a", "b"}) {
		t.Errorf("created: %+v", first)
	}
	second := write(t, s, Operation{Put: textRecord("a", "one")}, Operation{Put: textRecord("b", "three")}, Operation{Delete: "nobody"})
	switch {
	case second.Steps[0].Change != space.Unchanged, second.Steps[1].Change != space.Updated, second.Steps[2].Deleted:
		t.Errorf("put again: %+v", second)
	case !slices.Equal(second.Changed, []string{"b"}), second.Sequence != 2:
		t.Errorf("changed %q in batch %d", second.Changed, second.Sequence)
	case !second.Steps[1].Item.Created.Equal(first.Steps[1].Item.Created), !second.Steps[1].Item.Updated.After(first.Steps[1].Item.Updated):
		t.Errorf("times %+v, then %+v", first.Steps[1].Item, second.Steps[1].Item)
	}
	nothing := write(t, s, Operation{Put: textRecord("a", "one")})
	if nothing.Sequence != 2 || len(nothing.Changed) != 0 {
		t.Errorf("nothing changed, but %+v", nothing)
	}
	// Operations follow each other within a batch.
	third := write(t, s, Operation{Delete: "a"}, Operation{Put: textRecord("a", "again")}, Operation{Delete: "b"}, Operation{Delete: "b"})
	if !third.Steps[0].Deleted || third.Steps[1].Change != space.Created || !third.Steps[2].Deleted || third.Steps[3].Deleted {
		t.Errorf("in order: %+v", third)
	}
	if _, err := s.Item(t.Context(), "b"); !errors.Is(err, space.ErrNotFound) {
		t.Errorf("deleted, yet %v", err)
	}
}

func TestABatchIsAllOrNothing(t *testing.T) {
	s, _ := create(t)
	wrong := textRecord("wrong", "x")
	wrong.Item.Vector = vector(1, 2)
	for name, tc := range map[string]struct {
		bad  *Record
		want error
	}{"dimension": {wrong, space.ErrDimension}, "no id": {textRecord("", "x"), space.ErrInvalidItem}} {
		if _, err := s.Write(t.Context(), puts(textRecord("good", "x"), tc.bad)); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.Item(t.Context(), "good"); !errors.Is(err, space.ErrNotFound) || s.Sequence() != 0 {
		t.Errorf("half a batch is there: %v, batch %d", err, s.Sequence())
	}
}

func TestAFileBelongsToItsItem(t *testing.T) {
	s, _ := create(t)
	ctx := t.Context()
	sourced := func(id, source string) Operation {
		r := textRecord(id, "x")
		r.Item.Source, r.File.Bytes = source, 1
		return Operation{Put: r}
	}
	known := func(source string) string {
		f, _, err := s.File(ctx, source)
		if err != nil {
			t.Fatal(err)
		}
		return f.ID
	}
	write(t, s, sourced("a", "old.txt"))
	write(t, s, sourced("a", "new.txt"))
	if known("old.txt") != "" || known("new.txt") != "a" {
		t.Errorf("after moving: old %q, new %q", known("old.txt"), known("new.txt"))
	}
	write(t, s, sourced("b", "new.txt"))
	write(t, s, Operation{Delete: "a"})
	if known("new.txt") != "b" {
		t.Errorf("new.txt is of %q; b has it, too", known("new.txt"))
	}
	write(t, s, Operation{Delete: "b"})
	if known("new.txt") != "" {
		t.Error("the file of a deleted item is known")
	}
}

func TestTheChangeLogReachesBackToTheTrim(t *testing.T) {
	s, dir := create(t)
	for _, id := range []string{"a", "b", "c"} {
		write(t, s, Operation{Put: textRecord(id, id)})
	}
	write(t, s, Operation{Delete: "b"})
	if got, err := changesAfter(s, 1); err != nil || !slices.Equal(got, []string{"2 [b]", "3 [c]", "4 [b]"}) {
		t.Errorf("changes after 1: %q, %v", got, err)
	}
	if err := s.Trim(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Trim(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s, dir)
	if _, err := changesAfter(s, 1); !errors.Is(err, ErrTrimmed) {
		t.Errorf("before the trim: %v", err)
	}
	if got, err := changesAfter(s, 2); err != nil || !slices.Equal(got, []string{"3 [c]", "4 [b]"}) {
		t.Errorf("changes after 2: %q, %v", got, err)
	}
	if err := s.Trim(t.Context(), 99); err != nil {
		t.Fatal(err)
	}
	if got, err := changesAfter(s, 4); err != nil || len(got) != 0 {
		t.Errorf("all is trimmed, yet %q, %v", got, err)
	}
	if out := write(t, s, Operation{Put: textRecord("d", "d")}); out.Sequence != 5 {
		t.Errorf("the next batch is %d", out.Sequence)
	}
}

func TestStoresThatCannotBeOpened(t *testing.T) {
	s, dir := create(t)
	write(t, s, Operation{Put: textRecord("a", "x")})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := testFingerprint
	other.Model, other.Digest = "other", "ffffffffffffffff"
	_, err := Open(dir, other, Options{})
	if !errors.Is(err, space.ErrFingerprint) || !strings.Contains(err.Error(), "bag@0123456789ab") || !strings.Contains(err.Error(), "other@ffffffffffff") {
		t.Errorf("another model: %v; want both names", err)
	}
	if _, err := Create(dir, Identity{Fingerprint: testFingerprint}, Options{}); err == nil {
		t.Error("made over an existing one")
	}
	if _, err := Open(t.TempDir()+"/none", testFingerprint, Options{}); !errors.Is(err, ErrNoStore) {
		t.Errorf("no folder: %v", err)
	}
	if _, err := Open(t.TempDir(), testFingerprint, Options{}); !errors.Is(err, ErrNoStore) {
		t.Errorf("an empty folder: %v", err)
	}
	s, err = Open(dir, testFingerprint, Options{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := s.codec.sealed([]byte(identityKey), identityRecord{Format: FormatVersion + 1, Digest: testFingerprint.Digest, Dim: 4})
	if err != nil {
		t.Fatal(err)
	}
	overwrite(t, s, []byte(identityKey), value)
	s.Close()
	if _, err := Open(dir, testFingerprint, Options{}); !errors.Is(err, ErrNewer) {
		t.Errorf("a later format: %v", err)
	}
}

// TestDamageIsFound flips each bit of each value, in turn, and wants it to be noticed and the key to be named.
func TestDamageIsFound(t *testing.T) {
	s, _ := create(t)
	r := textRecord("a", "x")
	r.Item.Source, r.Thumbnail = "a.txt", []byte("thumb")
	write(t, s, Operation{Put: r})
	if err := s.Decide(t.Context(), Decision{"k", "no", time.Unix(1, 0)}); err != nil {
		t.Fatal(err)
	}
	for _, k := range [][]byte{key(itemSpace, "a"), key(vectorSpace, "a"), key(thumbSpace, "a"), key(fileSpace, "a.txt"), changeKey(1), key(decisionSpace, "k")} {
		whole, err := get(s.db, k)
		if err != nil || whole == nil {
			t.Fatal(err)
		}
		for bit := range 8 * len(whole) {
			flipped := bytes.Clone(whole)
			flipped[bit/8] ^= 1 << (bit % 8)
			overwrite(t, s, k, flipped)
			report, err := s.Check(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			err = report.Err()
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), fmt.Sprintf("%q", k)) {
				t.Fatalf("bit %d of %q: %v", bit, k, err)
			}
		}
		overwrite(t, s, k, whole)
	}
	// A value under another key is damage, too.
	value, _ := get(s.db, key(itemSpace, "a"))
	overwrite(t, s, key(itemSpace, "b"), value)
	if _, err := s.Item(t.Context(), "b"); !errors.Is(err, ErrDamaged) {
		t.Errorf("a stray value: %v", err)
	}
}

// TestWhatDoesNotFitIsFound takes away, or adds, whole values whose checksums are right.
func TestWhatDoesNotFitIsFound(t *testing.T) {
	whole := func(s *Store, k []byte) func() {
		value, err := get(s.db, k)
		if err != nil {
			t.Fatal(err)
		}
		return func() { overwrite(t, s, k, value) }
	}
	drop := func(k []byte) func(*Store) func() {
		return func(s *Store) func() {
			restore := whole(s, k)
			if err := s.db.Delete(k, pebble.Sync); err != nil {
				t.Fatal(err)
			}
			return restore
		}
	}
	stray := func(k, content []byte) func(*Store) func() {
		return func(s *Store) func() {
			overwrite(t, s, k, seal(k, content))
			return func() { _ = s.db.Delete(k, pebble.Sync) }
		}
	}
	s, _ := create(t)
	r := textRecord("a", "x")
	r.Item.Source, r.Thumbnail = "a.txt", []byte("thumb")
	write(t, s, Operation{Put: r})
	write(t, s, Operation{Put: textRecord("b", "y")})
	write(t, s, Operation{Put: textRecord("c", "z")})
	file, err := s.codec.enc.Marshal(File{ID: "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	long := vector(1, 2, 3, 4)
	for i := range long.Components() {
		long.Components()[i] *= 2
	}
	for says, change := range map[string]func(*Store) func(){
		`item "b" has no vector`:              drop(key(vectorSpace, "b")),
		`vector "b" has no item`:              drop(key(itemSpace, "b")),
		`thumbnail "d" has no item`:           stray(key(thumbSpace, "d"), nil),
		`of kind image, its item of kind`:     stray(key(vectorSpace, "c"), encodeVector(space.Image, vector(1, 2, 3, 4))),
		`length is 2.0000`:                    stray(key(vectorSpace, "e"), encodeVector(space.Text, long)),
		`item "nobody", which is not there`:   stray(key(fileSpace, "b.txt"), file),
		`goes on with batch 3`:                drop(changeKey(2)),
		`the last batch is 3, the change log`: drop(changeKey(3)),
	} {
		undo := change(s)
		report, err := s.Check(t.Context(), nil)
		said := false
		for _, fault := range report.Faults {
			said = said || strings.Contains(fault.Err.Error(), says)
		}
		if err != nil || !said {
			t.Errorf("%s: %+v, %v", says, report, err)
		}
		undo()
		if says == `of kind image, its item of kind` { // it replaced a vector
			overwrite(t, s, key(vectorSpace, "c"), seal(key(vectorSpace, "c"), encodeVector(space.Text, textRecord("c", "z").Item.Vector)))
		}
		if report, err := s.Check(t.Context(), nil); err != nil || report.Err() != nil {
			t.Fatalf("after %q was undone: %+v, %v", says, report, err)
		}
	}
}

func TestBackupWhileOthersWrite(t *testing.T) {
	s, _ := create(t)
	var group sync.WaitGroup
	for worker := range 3 {
		group.Go(func() {
			for i := range 20 {
				pair := fmt.Sprintf("%d-%d", worker, i)
				write(t, s, puts(textRecord(pair+"-left", "x"), textRecord(pair+"-right", "x"))...)
			}
		})
	}
	dir := t.TempDir() + "/copy"
	if err := s.Backup(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	copied, err := Open(dir, testFingerprint, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	report, err := copied.Check(t.Context(), nil)
	if err != nil || report.Err() != nil || report.Items%2 != 0 || report.Items != 2*int(copied.Sequence()) {
		t.Errorf("the copy has %+v at batch %d, %v; want whole batches of two", report, copied.Sequence(), err)
	}
}

// TestItemsAreReadWhole reads an item that comes and goes: it is there whole, or not at all.
func TestItemsAreReadWhole(t *testing.T) {
	s, _ := create(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			write(t, s, Operation{Put: textRecord("a", "x")})
			write(t, s, Operation{Delete: "a"})
		}
	}()
	for {
		if _, err := s.Item(t.Context(), "a"); err != nil && !errors.Is(err, space.ErrNotFound) {
			t.Fatal(err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s, _ := create(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	calls := map[string]func() error{
		"Write":   func() error { _, err := s.Write(ctx, puts(textRecord("a", "x"))); return err },
		"Item":    func() error { _, err := s.Item(ctx, "a"); return err },
		"Items":   func() error { return s.Items(ctx, "", func(space.Item) error { return nil }) },
		"Backup":  func() error { return s.Backup(ctx, t.TempDir()+"/b") },
		"Decide":  func() error { return s.Decide(ctx, Decision{Key: "a", Verdict: "b"}) },
		"Trim":    func() error { return s.Trim(ctx, 1) },
		"Bytes":   func() error { _, err := s.Bytes(); return err },
		"Changes": func() error { _, err := changesAfter(s, 0); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, space.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestDecisionsAreListedReplacedAndRevoked(t *testing.T) {
	s, _ := create(t)
	ctx := t.Context()
	for _, d := range []Decision{{Key: "b", Verdict: "1"}, {Key: "a", Verdict: "2"}, {Key: "b", Verdict: "3"}, {Key: "c", Verdict: "4"}, {Key: "c"}} {
		if err := s.Decide(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	if err := s.Decisions(ctx, func(d Decision) error { got = append(got, d.Key+d.Verdict); return nil }); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, []string{"a2", "b3"}) {
		t.Errorf("decisions: %q", got)
	}
	if _, err := s.Decision(ctx, "c"); !errors.Is(err, space.ErrNotFound) {
		t.Errorf("a revoked one: %v", err)
	}
	if err := s.Decide(ctx, Decision{Verdict: "x"}); err == nil {
		t.Error("a decision about nothing was kept")
	}
}

func TestALockedStoreIsNotOpenedTwice(t *testing.T) {
	_, dir := create(t)
	if second, err := Open(dir, testFingerprint, Options{}); err == nil {
		second.Close()
		t.Error("opened twice")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
