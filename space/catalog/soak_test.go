package catalog_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// childPlan says what the child process works on: "SEED FIRST", the seed and the number of the first operation.
const childPlan = "CLIPD_TEST_CHILD_PLAN"

// soakFor is how long TestSoak works where CLIPD_SOAK names no other time.
const soakFor = 6 * time.Second

// TestSoak inserts, updates, deletes, imports, searches, rebuilds, checks and reopens at random, beside a plain map, and
// kills the process that does so. Both have to agree at every step: what was acknowledged is there, what was under way
// is there whole or not at all, and all indexes answer as the map does. CLIPD_SOAK=10m (make soak) makes it longer,
// CLIPD_SOAK_SEED repeats a run.
func TestSoak(t *testing.T) {
	seed, length := rand.Uint64(), soakFor
	if text := os.Getenv("CLIPD_SOAK_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	if text := os.Getenv("CLIPD_SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	s := &soak{
		t: t, plan: plan{seed}, random: rand.New(rand.NewPCG(seed, 1)),
		lib: &lib{dir: t.TempDir(), model: &bagOfWords{}, opts: smallTiers}, want: state{},
	}
	t.Cleanup(func() {
		if s.lib.Library != nil {
			s.lib.Close()
		}
	})
	for end := time.Now().Add(length); (s.kills == 0 || time.Now().Before(end)) && !t.Failed(); {
		s.workAndKill()
		s.lib.reopen(t)
		s.c = s.lib.collection(t, soakCollection)
		s.compare()
		for range 10 + s.random.IntN(30) {
			if s.step(); t.Failed() {
				break
			}
		}
		if err := s.lib.Close(); err != nil {
			t.Fatal(err)
		}
		s.lib.Library = nil
	}
	t.Logf("seed %d: %d operations, %d steps, %d kills, %d operations under way at a kill of which %d were whole, %d items at the end",
		seed, s.next, s.steps, s.kills, s.underWay, s.whole, len(s.want))
}

const (
	soakCollection = "soak"
	soakIDs        = 300
)

// state is what a collection ought to hold.
type state map[string]soakItem

type soakItem struct {
	text  string // of an image, its caption and its thumbnail's content
	image bool
}

// operation is one change, all or nothing, or a piece of work that changes nothing.
type operation struct {
	kind    string // "ingest", "import", "delete", "rebuild", "reopen"
	items   map[string]soakItem
	deletes []string
}

// plan is an endless list of operations, the same in each process.
type plan struct{ seed uint64 }

var vocabulary = strings.Fields("red green blue house boat tree dog cat sea sky linen dress lamp road")

func someWords(random *rand.Rand) string {
	var words []string
	for range 1 + random.IntN(4) {
		words = append(words, vocabulary[random.IntN(len(vocabulary))])
	}
	return strings.Join(words, " ")
}

// at is the n-th operation.
func (p plan) at(n int) operation {
	random := rand.New(rand.NewPCG(p.seed, uint64(n)+2))
	op := operation{items: map[string]soakItem{}}
	id := func() string { return fmt.Sprint(random.IntN(soakIDs)) }
	switch k := random.IntN(100); {
	case k < 45:
		op.kind = "ingest"
		for range 1 + random.IntN(4) {
			op.items[id()] = soakItem{text: someWords(random)}
		}
	case k < 65:
		op.kind = "import"
		for range 1 + random.IntN(120) { // some leave their words for later, some do not
			op.items[id()] = soakItem{someWords(random), random.IntN(2) == 0}
		}
	case k < 90:
		op.kind = "delete"
		for range 1 + random.IntN(60) {
			op.deletes = append(op.deletes, id())
		}
	case k < 95:
		op.kind = "rebuild"
	default:
		op.kind = "reopen"
	}
	return op
}

// after is the state that an operation leaves.
func (s state) after(op operation) state {
	next := maps.Clone(s)
	maps.Copy(next, op.items)
	for _, id := range op.deletes {
		delete(next, id)
	}
	return next
}

// do does an operation on a collection; reopen gets it anew.
func (op operation) do(ctx context.Context, c *catalog.Catalog, reopen func() (*catalog.Catalog, error)) (*catalog.Catalog, error) {
	ids := slices.Sorted(maps.Keys(op.items))
	switch op.kind {
	case "ingest":
		var docs []catalog.Document
		for _, id := range ids {
			docs = append(docs, text(id, op.items[id].text))
		}
		for _, r := range c.Ingest(ctx, docs) {
			if r.Err != nil {
				return c, r.Err
			}
		}
	case "import":
		var records []catalog.Record
		for _, id := range ids {
			records = append(records, op.items[id].record(id))
		}
		results, err := c.Import(ctx, records)
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		return c, err
	case "delete":
		_, err := c.Delete(ctx, op.deletes)
		return c, err
	case "rebuild":
		return c, c.Rebuild(ctx, nil)
	case "reopen":
		return reopen()
	}
	return c, nil
}

func (i soakItem) record(id string) catalog.Record {
	r := catalog.Record{Item: space.Item{ID: id, Kind: space.Text, Text: i.text, Vector: unit(wordSum(i.text))}}
	if i.image {
		r.Item.Kind, r.Thumbnail = space.Image, []byte(i.text)
	}
	return r
}

// workForever is the child process: it does the plan's operations and prints the number of each that is acknowledged.
func workForever(dir, of string) {
	var p plan
	var n int
	if _, err := fmt.Sscan(of, &p.seed, &n); err != nil {
		panic(err)
	}
	ctx := context.Background()
	var library *catalog.Library
	reopen := func() (*catalog.Catalog, error) {
		if library != nil {
			if err := library.Close(); err != nil {
				return nil, err
			}
		}
		var err error
		if library, err = catalog.Open(dir, &bagOfWords{}, smallTiers); err != nil {
			return nil, err
		}
		c, err := library.Collection(ctx, soakCollection)
		if errors.Is(err, catalog.ErrNoCollection) {
			return library.Create(ctx, soakCollection, catalog.Settings{})
		}
		return c, err
	}
	c, err := reopen()
	for ; err == nil; n++ {
		if c, err = p.at(n).do(ctx, c, reopen); err == nil {
			fmt.Println(n)
		}
	}
	panic(err)
}

type soak struct {
	t      *testing.T
	plan   plan
	random *rand.Rand
	lib    *lib
	c      *catalog.Catalog
	want   state
	next   int // number of the next operation

	steps, kills, underWay, whole int
}

// workAndKill lets another process work for some operations and kills it.
func (s *soak) workAndKill() {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+s.lib.dir, childPlan+"="+fmt.Sprint(s.plan.seed, " ", s.next))
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		s.t.Fatal(err)
	}
	stopAt := s.next + s.random.IntN(40)
	lines := bufio.NewScanner(out)
	killed := false
	for lines.Scan() {
		var n int
		if _, err := fmt.Sscan(lines.Text(), &n); err != nil || n != s.next {
			s.t.Fatalf("the child says %q; want %d", lines.Text(), s.next)
		}
		s.want, s.next = s.want.after(s.plan.at(n)), n+1
		if n >= stopAt && !killed {
			if s.random.IntN(2) == 0 { // else as soon as it is acknowledged
				time.Sleep(time.Duration(s.random.IntN(3000)) * time.Microsecond)
			}
			if err := child.Process.Kill(); err != nil {
				s.t.Fatal(err)
			}
			killed = true
		}
	}
	_ = child.Wait() // it was killed
	if !killed {
		s.t.Fatalf("the child ended by itself after operation %d", s.next-1)
	}
	s.kills++
}

// compare holds the collection against the map. The operation that was under way at the kill may be in, whole.
func (s *soak) compare() {
	s.t.Helper()
	have := s.held()
	if op := s.plan.at(s.next); len(op.items)+len(op.deletes) > 0 {
		s.underWay++
		if after := s.want.after(op); !maps.Equal(have, s.want) && maps.Equal(have, after) {
			s.want, s.whole = after, s.whole+1
			s.next++
		}
	}
	if !maps.Equal(have, s.want) {
		s.t.Fatalf("seed %d: before operation %d (%s) the collection holds %d items, the map %d, or they differ: %s",
			s.plan.seed, s.next, s.plan.at(s.next).kind, len(have), len(s.want), difference(have, s.want))
	}
	s.agree()
}

func difference(have, want state) string {
	var lines []string
	for id := range maps.Keys(have) {
		if want[id] != have[id] {
			lines = append(lines, fmt.Sprintf("%s is %+v, want %+v", id, have[id], want[id]))
		}
	}
	for id := range maps.Keys(want) {
		if _, there := have[id]; !there {
			lines = append(lines, id+" is missing")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines[:min(5, len(lines))], "; ")
}

// held is what the collection holds.
func (s *soak) held() state {
	s.t.Helper()
	items, err := s.c.List(s.t.Context(), "", soakIDs+1)
	if err != nil {
		s.t.Fatal(err)
	}
	have := state{}
	for _, it := range items {
		have[it.ID] = soakItem{it.Text, it.Kind == space.Image}
		thumbnail, err := s.c.Thumbnail(s.t.Context(), it.ID)
		if isImage := it.Kind == space.Image; isImage != (err == nil) || isImage && string(thumbnail) != it.Text {
			s.t.Errorf("thumbnail of %s %s: %q, %v", it.Kind, it.ID, thumbnail, err)
		}
		if cosine := it.Vector.Cosine(unit(wordSum(it.Text))); cosine < 1-1e-5 {
			s.t.Errorf("the vector of %s is another one: cosine %g", it.ID, cosine)
		}
	}
	return have
}

// agree holds the store against itself and the indexes against the store.
func (s *soak) agree() {
	s.t.Helper()
	report, err := s.c.Check(s.t.Context(), nil)
	if err != nil || report.Err() != nil || report.Items != len(s.want) {
		s.t.Errorf("seed %d, operation %d: check: %+v, %v", s.plan.seed, s.next, report, err)
	}
}

// step does the next operation in this process, or asks.
func (s *soak) step() {
	s.t.Helper()
	s.steps++
	switch n := s.random.IntN(100); {
	case n < 50:
		op := s.plan.at(s.next)
		c, err := op.do(s.t.Context(), s.c, func() (*catalog.Catalog, error) {
			s.lib.reopen(s.t)
			return s.lib.collection(s.t, soakCollection), nil
		})
		if err != nil {
			s.t.Fatalf("seed %d, operation %d (%s): %v", s.plan.seed, s.next, op.kind, err)
		}
		s.c, s.want = c, s.want.after(op)
		s.next++
	case n < 70:
		s.searchVectors()
	case n < 95:
		s.searchWords()
	default:
		s.agree()
	}
}

// searchVectors compares with all cosines.
func (s *soak) searchVectors() {
	s.t.Helper()
	question := unit(wordSum(someWords(s.random)))
	answer, err := s.c.Search(s.t.Context(), space.Query{Vector: question, K: 1000, Exact: true})
	if err != nil || len(answer.Hits) != len(s.want) || answer.Searched != len(s.want) {
		s.t.Errorf("seed %d, operation %d: %d hits of %d searched, %v; want %d", s.plan.seed, s.next, len(answer.Hits), answer.Searched, err, len(s.want))
		return
	}
	seen := map[string]bool{}
	last := 3.0
	for _, h := range answer.Hits {
		want, there := s.want[h.Item.ID]
		cosine := question.Cosine(unit(wordSum(want.text)))
		if !there || seen[h.Item.ID] || h.Item.Text != want.text || h.Score > last || h.Cosine == nil || abs(*h.Cosine-cosine) > 1e-5 {
			s.t.Errorf("seed %d, operation %d: hit %s with %q at %g is wrong; its cosine is %g", s.plan.seed, s.next, h.Item.ID, h.Item.Text, h.Score, cosine)
			return
		}
		seen[h.Item.ID], last = true, h.Score
	}
}

// searchWords compares with all texts that hold the word, once all words can be searched.
func (s *soak) searchWords() {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if d, err := s.c.Describe(s.t.Context()); err != nil || time.Now().After(deadline) {
			s.t.Fatalf("seed %d, operation %d: words of %d items are still behind (%v)", s.plan.seed, s.next, d.WordsBehind, err)
		} else if d.WordsBehind == 0 {
			break
		}
	}
	word := vocabulary[s.random.IntN(len(vocabulary))]
	var want []string
	for id, item := range s.want {
		if slices.Contains(strings.Fields(item.text), word) {
			want = append(want, id)
		}
	}
	answer, err := s.c.Search(s.t.Context(), space.Query{
		Vector: unit(wordSum(word)), K: 1000, Filter: &space.Filter{Field: "_text", Match: word},
	})
	got := idsOf(answer.Hits)
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		s.t.Errorf("seed %d, operation %d: %q is in %q, %v; want %q", s.plan.seed, s.next, word, got, err, want)
	}
}
