package server_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/clipd/clipd/api/server"
)

func TestTheDocumentIsValidOpenAPI(t *testing.T) {
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := libopenapi.NewDocument(source)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(parsed)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, problems := v.ValidateDocument(); !ok {
		for _, problem := range problems {
			t.Error(problem)
		}
	}
}

func TestTheDocumentAndTheRoutesAreTheSame(t *testing.T) {
	s := start(t, func(d *server.Deps, _ *server.Options) { d.Page = http.NotFoundHandler() })
	served := routes(s.server)
	described := operations(t, s)
	for _, route := range served {
		if route != "GET /*" && !slices.Contains(described, route) { // the page's files: / stands for them
			t.Errorf("%s is served and not in openapi.yaml", route)
		}
	}
	for _, route := range described {
		if !slices.Contains(served, route) {
			t.Errorf("%s is in openapi.yaml and not served", route)
		}
	}
	if len(served) < 20 {
		t.Fatalf("only %d routes found: %v", len(served), served)
	}
}

var pathParameter = regexp.MustCompile(`:([a-z]+)`)

func routes(s *server.Server) []string {
	var list []string
	for _, route := range s.Routes() {
		list = append(list, pathParameter.ReplaceAllString(route, "{$1}"))
	}
	return list
}

func operations(t *testing.T, s *service) []string {
	t.Helper()
	status, _, data := s.send(t, "GET", "/openapi.json", "", "")
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Paths   map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(data, &doc); err != nil || status != http.StatusOK {
		t.Fatalf("GET /openapi.json: HTTP %d, %v", status, err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != "1.2.3" {
		t.Errorf("openapi %q, version %q; want 3.1 and the server's own", doc.OpenAPI, doc.Info.Version)
	}
	var list []string
	for path, item := range doc.Paths {
		for method := range item {
			if method != "parameters" {
				list = append(list, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return list
}

func TestDocsShowEveryOperation(t *testing.T) {
	s := start(t)
	status, header, data := s.send(t, "GET", "/docs", "", "")
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		t.Fatalf("HTTP %d, %s", status, header.Get("Content-Type"))
	}
	page := string(data)
	for _, operation := range operations(t, s) {
		method, path, _ := strings.Cut(operation, " ")
		if !strings.Contains(page, `<span class="method">`+method+`</span> `+path+`</code>`) {
			t.Errorf("the page does not show %s", operation)
		}
	}
	if strings.Contains(page, "http://") || strings.Contains(page, "https://") {
		t.Error("the page refers to another server")
	}
	if header.Get("Content-Security-Policy") == "" {
		t.Error("the page has no content policy")
	}
}
