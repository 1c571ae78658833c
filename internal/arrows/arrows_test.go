// Package arrows holds the import arrows between clipd's rooms: who may import whom, and why not.
// It has no code; its test reads the import graph with `go list`.
package arrows

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/clipd/clipd/"

// rule forbids imports: packages under from (but not those under except) must not import anything under a banned path.
type rule struct {
	from   string
	except []string
	banned []string
	why    string
}

// composed are the rooms that catalog brings together.
var composed = []string{"space/store", "space/knn", "space/keyword", "space/fusion", "space/dedup", "space/catalog"}

var rules = []rule{
	{"", []string{"internal/ort"}, []string{"github.com/yalue/onnxruntime_go"},
		"internal/ort alone knows the ONNX Runtime binding, so that it can be replaced"},
	{"", []string{"textenc"}, []string{"github.com/daulet/tokenizers"},
		"textenc alone knows the tokenizer binding"},
	{"", []string{"space/keyword"}, []string{"github.com/blevesearch/bleve"},
		"space/keyword alone knows bleve: it does words and filters, not vectors"},
	{"", []string{"space/store"}, []string{"github.com/cockroachdb/pebble"},
		"space/store alone knows the database"},
	{"", []string{"cmd"}, []string{"github.com/spf13/viper", "github.com/spf13/cobra"},
		"cmd/clipd is the only reader of configuration"},
	{"space/store", nil, []string{"space/knn", "space/keyword", "space/fusion", "space/dedup", "space/catalog"}, "siblings meet in catalog only"},
	{"space/knn", nil, []string{"space/store", "space/keyword", "space/fusion", "space/dedup", "space/catalog"}, "siblings meet in catalog only"},
	{"space/keyword", nil, []string{"space/store", "space/knn", "space/fusion", "space/dedup", "space/catalog"}, "siblings meet in catalog only"},
	{"space/fusion", nil, []string{"space/store", "space/knn", "space/keyword", "space/dedup", "space/catalog"}, "siblings meet in catalog only"},
	{"space/dedup", nil, []string{"space/store", "space/knn", "space/keyword", "space/fusion", "space/keep", "space/catalog"}, "siblings meet in catalog only"},
	{"space/keep", nil, []string{"space/store", "space/knn", "space/keyword", "space/fusion", "space/dedup", "space/catalog"}, "siblings meet in catalog only"},
	{"space/relevance", nil, composed, "siblings meet in catalog only"},
	{"space/diversity", nil, composed, "siblings meet in catalog only"},
	{"space/cluster", nil, composed, "siblings meet in catalog only"},
	{"space/layout", nil, composed, "siblings meet in catalog only"},
	{"space/graph", nil, append(composed, "space/cluster", "space/layout"), "a graph is what the others speak of"},
	{"space", nil, []string{"api", "models", "textenc", "imageenc", "cmd", "internal/ort"},
		"the space takes vectors from any encoder; a collection names the encoder it needs by an interface of its own"},
	{"preprocess", nil, []string{"space", "models", "textenc", "imageenc", "internal/ort", "api"}, "pixels know nothing of vectors"},
	{"textenc", nil, []string{"imageenc", "preprocess", "models", "api", "space/catalog"}, "towers know only their own input and the vector"},
	{"imageenc", nil, []string{"textenc", "models", "api", "space/catalog"}, "towers know only their own input and the vector"},
	{"models", nil, []string{"api", "cmd", "space/catalog", "space/store"}, "a model knows nothing of collections or requests"},
	{"api", []string{"api/server"}, []string{"models", "textenc", "imageenc", "preprocess", "space/catalog", "space/store", "internal/ort"},
		"wire types, client and page are light: whoever imports the client gets no encoders"},
	{"", []string{"exchange"}, []string{"github.com/parquet-go/parquet-go"}, "exchange alone knows other programs' files"},
	{"exchange", nil, []string{"models", "textenc", "imageenc", "preprocess", "space/catalog", "space/store", "api/server", "internal/ort"},
		"files are read into the API's lines; collections take them from there"},
	{"internal", []string{"internal/arrows"}, []string{"api", "models", "space/catalog", "space/store", "space/knn", "space/keyword", "space/fusion", "space/dedup", "textenc", "imageenc", "preprocess", "cmd"},
		"internal rooms are tools: of clipd they know the nouns' errors at most"},
}

// leaf is the package that imports nothing of clipd.
const leaf = "space"

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestArrows(t *testing.T) {
	packages := list(t)
	if len(packages) < 5 {
		t.Fatalf("go list found %d packages; the test would hold nothing", len(packages))
	}
	for _, p := range packages {
		for _, imported := range p.Imports {
			for _, r := range rules {
				if r.forbids(p.ImportPath, imported) {
					t.Errorf("%s imports %s: %s", p.ImportPath, imported, r.why)
				}
			}
			if p.ImportPath == module+leaf && strings.HasPrefix(imported, module) {
				t.Errorf("%s imports %s: the nouns are a leaf", p.ImportPath, imported)
			}
		}
	}
}

func TestRulesForbid(t *testing.T) {
	r := rule{"a", []string{"a/b"}, []string{"c", "github.com/x/y"}, ""}
	for _, tc := range []struct {
		from, imported string
		want           bool
	}{
		{module + "a", module + "c", true},
		{module + "a/z", module + "c/d", true},
		{module + "a", "github.com/x/y/v2", true},
		{module + "a/b", module + "c", false},
		{module + "ab", module + "c", false},
		{module + "a", module + "cc", false},
	} {
		if got := r.forbids(tc.from, tc.imported); got != tc.want {
			t.Errorf("%s → %s: forbidden %v, want %v", tc.from, tc.imported, got, tc.want)
		}
	}
}

func (r rule) forbids(from, imported string) bool {
	room := strings.TrimPrefix(from, module)
	if !under(room, r.from) || anyUnder(room, r.except) {
		return false
	}
	return anyUnder(strings.TrimPrefix(imported, module), r.banned)
}

func anyUnder(path string, parents []string) bool {
	for _, parent := range parents {
		if under(path, parent) {
			return true
		}
	}
	return false
}

func under(path, parent string) bool {
	return parent == "" || path == parent || strings.HasPrefix(path, parent+"/")
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []pkg
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
}
