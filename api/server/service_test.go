package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"go.yaml.in/yaml/v3"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/space/catalog"
)

// service is a server with a fake model and a real library. Whatever goes through its client, and whatever comes
// back, is held against the OpenAPI document.
type service struct {
	server  *server.Server
	handler http.Handler
	client  *api.Client
	model   *fakeModel
	library *catalog.Library
}

func start(t *testing.T, change ...func(*server.Deps, *server.Options)) *service {
	t.Helper()
	model := &fakeModel{}
	library, err := catalog.Open(t.TempDir(), model, catalog.Options{Traits: catalog.Traits{LogitScale: model.LogitScale()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := library.Close(); err != nil {
			t.Error(err)
		}
	})
	deps := server.Deps{
		Model: model, Library: library,
		Facts: server.Facts{Version: "1.2.3", SIMD: "plain", MatchCosine: 0.5, ModelNote: "knows three colours"},
	}
	var opts server.Options
	for _, f := range change {
		f(&deps, &opts)
	}
	s, err := server.New(deps, opts)
	if err != nil {
		t.Fatal(err)
	}
	handler := checked(t, s.Handler())
	return &service{
		server: s, handler: handler, model: model, library: library,
		client: api.NewInProcess(handler, api.ClientOptions{Retries: -1}),
	}
}

// listen serves on a port of its own and returns the address.
func (s *service) listen(t *testing.T) string {
	t.Helper()
	listening := httptest.NewServer(s.server.Handler())
	t.Cleanup(listening.Close)
	return listening.URL
}

// create makes a collection.
func (s *service) create(t *testing.T, name string) {
	t.Helper()
	if _, err := s.client.CreateCollection(t.Context(), api.CreateCollection{Name: name}); err != nil {
		t.Fatal(err)
	}
}

// add puts items in and wants all of them taken.
func (s *service) add(t *testing.T, collection string, items ...api.NewItem) api.AddResponse {
	t.Helper()
	resp, err := s.client.AddItems(t.Context(), collection, api.AddItems{Items: items})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Failed > 0 {
		t.Fatalf("add: %d failed: %+v", resp.Failed, resp.Results)
	}
	return resp
}

// send makes a request of text and returns status, header and the body's bytes.
func (s *service) send(t *testing.T, method, path, contentType, body string, headers ...string) (int, http.Header, []byte) {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, req)
	return answer.Code, answer.Header(), answer.Body.Bytes()
}

// refusal sends JSON that must be refused and returns the error.
func (s *service) refusal(t *testing.T, method, path, body string) api.Error {
	t.Helper()
	status, _, data := s.send(t, method, path, "application/json", body)
	return parseRefusal(t, status, data)
}

func parseRefusal(t *testing.T, status int, data []byte) api.Error {
	t.Helper()
	var parsed api.ErrorResponse
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parsed); err != nil {
		t.Fatalf("HTTP %d has no error of the one shape: %v: %s", status, err, data)
	}
	return api.Error{Status: status, Detail: parsed.Error}
}

// wantError checks status, code, field at fault and parts of the message.
func wantError(t *testing.T, got api.Error, status int, code, param string, says ...string) {
	t.Helper()
	if got.Status != status || got.Detail.Code != code {
		t.Errorf("got %v; want code %s, HTTP %d", &got, code, status)
	}
	gotParam := ""
	if got.Detail.Param != nil {
		gotParam = *got.Detail.Param
	}
	if gotParam != param {
		t.Errorf("param is %q; want %q (%s)", gotParam, param, got.Detail.Message)
	}
	for _, part := range says {
		if !strings.Contains(got.Detail.Message, part) {
			t.Errorf("message %q does not say %q", got.Detail.Message, part)
		}
	}
}

// refused is the *api.Error in err.
func refused(t *testing.T, err error) api.Error {
	t.Helper()
	var e *api.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v; want an *api.Error", err)
	}
	return *e
}

// document is the OpenAPI document with every object closed, so that a field it does not know is found.
var document = sync.OnceValues(func() (validator.Validator, error) {
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := yaml.Unmarshal(source, &content); err != nil {
		return nil, err
	}
	closeObjects(content)
	closed, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	parsed, err := libopenapi.NewDocument(closed)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(parsed)
	return v, errors.Join(errs...)
})

func closeObjects(node any) {
	switch n := node.(type) {
	case map[string]any:
		if _, described := n["properties"].(map[string]any); described && n["additionalProperties"] == nil {
			n["additionalProperties"] = false
		}
		for _, child := range n {
			closeObjects(child)
		}
	case []any:
		for _, child := range n {
			closeObjects(child)
		}
	}
}

// checked holds every answer, and every request that was accepted, against the document.
func checked(t *testing.T, next http.Handler) http.Handler {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		checkAgainst(t, doc, r, body, answer)
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		if answer.Body.Len() == 0 {
			return
		}
		if _, err := w.Write(answer.Body.Bytes()); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
	})
}

// unchecked are answers that no document describes: other methods, unknown routes, the page's files. An item whose id
// is "delete" is described, but the validator takes the first path that fits.
func unchecked(r *http.Request, status int) bool {
	return status == http.StatusMethodNotAllowed || r.Method == http.MethodOptions || r.Method == http.MethodHead ||
		!(strings.HasPrefix(r.URL.Path, "/v1/") || r.URL.Path == "/healthz" || r.URL.Path == "/readyz") ||
		strings.HasPrefix(r.URL.Path, "/v1/unknown") || (r.Method != http.MethodPost && strings.HasSuffix(r.URL.Path, "/items/delete"))
}

func checkAgainst(t *testing.T, doc validator.Validator, r *http.Request, body []byte, answer *httptest.ResponseRecorder) {
	t.Helper()
	if unchecked(r, answer.Code) {
		return
	}
	req := r.Clone(context.WithoutCancel(r.Context()))
	for _, value := range values(answer) {
		req.Body = io.NopCloser(bytes.NewReader(body))
		resp := answer.Result()
		resp.Body = io.NopCloser(bytes.NewReader(value))
		if ok, errs := doc.ValidateHttpResponse(req, resp); !ok {
			t.Errorf("answer to %s %s, HTTP %d, is not as the document says: %v\n%s", r.Method, r.URL, answer.Code, errs, value)
		}
	}
	kind := r.Header.Get("Content-Type")
	unreadable := strings.HasPrefix(kind, "multipart/") || kind == "application/x-ndjson"
	if answer.Code >= 400 || unreadable {
		return // wrong requests are the point of many tests; the validator reads neither forms nor lines
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	if ok, errs := doc.ValidateHttpRequest(req); !ok {
		t.Errorf("accepted request %s %s is not as the document says: %v\n%s", r.Method, r.URL, errs, body)
	}
}

// values are the JSON values of an answer: one, or where it is streamed one a line.
func values(answer *httptest.ResponseRecorder) [][]byte {
	body := answer.Body.Bytes()
	if answer.Header().Get("Content-Type") != "application/x-ndjson" {
		return [][]byte{body}
	}
	return bytes.Split(bytes.TrimSpace(body), []byte("\n"))
}
