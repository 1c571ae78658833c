package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/space"
	"github.com/clipd/clipd/space/catalog"
)

// exported are the lines of a collection.
func exported(t *testing.T, s *service, collection string) (header api.TransferHeader, lines []api.TransferLine) {
	t.Helper()
	ended := false
	err := s.client.Export(t.Context(), collection, func(line api.TransferLine) error {
		switch {
		case line.Header != nil:
			header = *line.Header
		case line.End != nil:
			ended = true
		default:
			lines = append(lines, line)
		}
		return nil
	})
	if err != nil || !ended {
		t.Fatalf("export: %v, ended %t", err, ended)
	}
	return header, lines
}

func TestAnExportImportedIsTheSame(t *testing.T) {
	s := gallery(t)
	c, err := s.library.Collection(t.Context(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	made := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	if err := c.ImportDecisions(t.Context(), []catalog.Decision{{Key: "a|b", Verdict: "no copies", Made: made}}); err != nil {
		t.Fatal(err)
	}
	header, lines := exported(t, s, "demo")
	if len(lines) != 7 || header.Items != 6 || header.Fingerprint.Model != "fake" {
		t.Fatalf("%+v, %d lines", header, len(lines))
	}
	s.create(t, "copy")
	got, err := s.client.Import(t.Context(), "copy", header, lines, false)
	if err != nil || got.Created != 6 || got.Decisions != 1 || got.Failed != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	_, again := exported(t, s, "copy")
	if !reflect.DeepEqual(again, lines) {
		t.Errorf("the copy is exported as\n%+v\nwant\n%+v", again, lines)
	}
	got, err = s.client.Import(t.Context(), "copy", header, lines, false)
	if err != nil || got.Unchanged != 6 {
		t.Errorf("imported again: %+v, %v", got, err)
	}
	for _, request := range []api.SearchRequest{{Text: "red"}, {Text: "green", Mode: space.KeywordOnly}} {
		want, err := s.client.Search(t.Context(), "demo", request)
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.client.Search(t.Context(), "copy", request)
		if err != nil || len(found.Hits) != len(want.Hits) {
			t.Fatalf("%+v, %v", found, err)
		}
		for i := range want.Hits {
			if found.Hits[i].Item.ID != want.Hits[i].Item.ID || found.Hits[i].Score != want.Hits[i].Score {
				t.Errorf("hit %d is %s; want %s", i, found.Hits[i].Item.ID, want.Hits[i].Item.ID)
			}
		}
	}
}

func TestImportRefusesVectorsOfAnotherModel(t *testing.T) {
	s := gallery(t)
	header, lines := exported(t, s, "demo")
	s.create(t, "copy")
	foreign := header
	foreign.Fingerprint = &space.Fingerprint{Model: "other", Digest: "99", Dim: fakeDim}
	_, err := s.client.Import(t.Context(), "copy", foreign, lines, true)
	wantError(t, refused(t, err), http.StatusConflict, api.CodeFingerprint, "", "fake@abab", "other@99")
	unnamed := header
	unnamed.Fingerprint = nil
	_, err = s.client.Import(t.Context(), "copy", unnamed, lines, false)
	wantError(t, refused(t, err), http.StatusBadRequest, api.CodeInvalidRequest, "trust", "fake@abab", "--trust-model")
	if got, err := s.client.Import(t.Context(), "copy", unnamed, lines, true); err != nil || got.Created != 6 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestImportLinesFailAlone(t *testing.T) {
	s := start(t)
	s.create(t, "demo")
	vector := func(n int) string { return strings.TrimSuffix(strings.Repeat("0.25,", n), ",") }
	lines := []string{
		fmt.Sprintf(`{"header":{"version":1,"fingerprint":{"model":"fake","digest":"%s00","dim":16}}}`, strings.Repeat("ab", 31)),
		`{"item":{"id":"good","kind":"text","text":"red","vector":[` + vector(16) + `]}}`,
		`{"item":{"id":"short","kind":"text","text":"red","vector":[` + vector(4) + `]}}`,
		`{"item":{"id":"none","kind":"text","text":"red"}}`,
		`{"item":{"id":"zero","kind":"text","vector":"` + strings.Repeat("A", 86) + `=="}}`,
		`{"item":{"id":"kind","kind":"sound","vector":[` + vector(16) + `]}}`,
		`{"item":`,
		``,
		`{}`,
		`{"item":{"id":"thumb","kind":"image","vector":[` + vector(16) + `],"thumbnail":"AAAA"}}`,
		`{"decision":{"key":"","verdict":"x"}}`,
		`{"item":{"id":"long","kind":"text","text":"blue","vector":[2` + strings.Repeat(",0", 15) + `],"metadata":{"_x":1}}}`,
		`{"item":{"id":"scaled","kind":"text","text":"blue","vector":[2` + strings.Repeat(",0", 15) + `]}}`,
	}
	status, _, data := s.send(t, "POST", "/v1/collections/demo/import", "application/x-ndjson", strings.Join(lines, "\n"))
	if status != http.StatusOK {
		t.Fatalf("HTTP %d: %s", status, data)
	}
	var failed []string
	got := decodeAs[api.ImportResponse](t, data)
	for _, f := range got.Failures {
		failed = append(failed, fmt.Sprintf("%d %s", f.Line, f.ID))
	}
	const want = "3 short,4 none,5 zero,6 kind,7 ,9 ,10 thumb,11 ,12 long"
	if got.Created != 2 || got.Failed != 9 || strings.Join(failed, ",") != want {
		t.Errorf("%+v, %q failed; want %s", got, failed, want)
	}
	for body, says := range map[string]string{
		"": "the body is empty", lines[1]: "first line must be the header", `{"header":{"version":9}}`: "version is 9", "nonsense": "wrong JSON",
	} {
		status, _, data := s.send(t, "POST", "/v1/collections/demo/import", "application/x-ndjson", body)
		wantError(t, parseRefusal(t, status, data), http.StatusBadRequest, api.CodeInvalidRequest, "header", says)
	}
	status, _, data = s.send(t, "POST", "/v1/collections/demo/import", "application/json", "{}")
	wantError(t, parseRefusal(t, status, data), http.StatusUnsupportedMediaType, api.CodeMediaType, "", "ndjson")
}

func decodeAs[T any](t *testing.T, data []byte) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return out
}
