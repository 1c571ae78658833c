package catalog

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/clipd/clipd/space"
)

func unitOf(t testing.TB, raw ...float32) space.Vector {
	t.Helper()
	v, err := space.Normalize(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fullQuery has something in every field.
func fullQuery(t testing.TB) space.Query {
	t.Helper()
	half := 0.5
	return space.Query{
		Vector: unitOf(t, 1, 2, 3), Examples: &space.Examples{Positive: []space.Vector{unitOf(t, 1, 0, 1)}, Negative: []space.Vector{unitOf(t, 0, 1, 0)}},
		Modality: space.Text, Words: "red dress", Boosts: map[string]float64{"_text": 2}, Mode: space.Hybrid, Fusion: space.Convex, Alpha: 0.3,
		Filter: &space.Filter{And: []space.Filter{{Field: "a", Equals: "b"}, {Field: "n", In: []any{1.0, true}}}},
		K:      7, Offset: 3, MinScore: &half, Composed: true, Least: 0.2, MMR: &half, Stable: true, Exclude: []string{"x"}, Explain: true, Exact: true,
	}
}

// TestACursorCarriesTheWholeQuestion: a field that a query gets has to be carried, too.
func TestACursorCarriesTheWholeQuestion(t *testing.T) {
	q := fullQuery(t)
	for i, v := 0, reflect.ValueOf(q); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the test gives no %s", v.Type().Field(i).Name)
		}
	}
	p := place{Version: cursorVersion, List: "token", At: 4, Last: "id", Collection: "c", Digest: "d", Question: newQuestion(q)}
	text, err := p.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseCursor(text)
	if err != nil {
		t.Fatal(err)
	}
	back, err := got.Question.query(3)
	if err != nil || !reflect.DeepEqual(back, q) {
		t.Errorf("%+v\nwant %+v\n%v", back, q, err)
	}
	if _, err := got.Question.query(4); err == nil {
		t.Error("a vector of another dimension is taken")
	}
	if got.Question = nil; got.At != 4 || got.Last != "id" || got.Collection != "c" || got.Digest != "d" {
		t.Errorf("%+v", got)
	}
}

// TestACursorIsNotInflatedWithoutEnd: a small text may stand for a large one.
func TestACursorIsNotInflatedWithoutEnd(t *testing.T) {
	text, err := pack([]byte(`{"v":1,"l":"` + strings.Repeat("x", 8<<20) + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := parseCursor(text); err == nil {
		t.Errorf("a cursor of %d bytes was read as %d", len(text), len(p.List))
	}
}

// FuzzCursor: whatever a cursor holds is refused, or a question that could have been asked.
func FuzzCursor(f *testing.F) {
	for _, q := range []space.Query{fullQuery(f), {Words: "red", Mode: space.KeywordOnly, K: 1}} {
		plain, err := json.Marshal(place{Version: cursorVersion, List: "token", At: 4, Last: "id", Collection: "c", Digest: "d", Question: newQuestion(q)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		text, err := pack(plain)
		if err != nil {
			t.Fatal(err)
		}
		p, err := parseCursor(text)
		if err != nil || p.Question == nil {
			return
		}
		q, err := p.Question.query(3)
		if err != nil {
			return
		}
		if _, err := q.Validate(); err != nil || !q.Vector.IsNone() && q.Vector.Dim() != 3 {
			t.Errorf("%+v: %v", q, err)
		}
	})
}

// BenchmarkCursor writes and reads the cursor of a question of 512 dimensions.
func BenchmarkCursor(b *testing.B) {
	random, raw := rand.New(rand.NewPCG(1, 2)), make([]float32, 512)
	for i := range raw {
		raw[i] = float32(random.NormFloat64())
	}
	q := fullQuery(b)
	q.Vector, q.Examples = unitOf(b, raw...), nil
	p := place{Version: cursorVersion, List: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", At: 24, Last: "some id", Collection: "photos", Digest: "0123456789abcdef", Question: newQuestion(q)}
	var text string
	for b.Loop() {
		var err error
		if text, err = p.encode(); err != nil {
			b.Fatal(err)
		}
		if _, err = parseCursor(text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(text)), "bytes")
}
