package server_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
)

func plainPost(t *testing.T, handler http.Handler, path, body string) int {
	t.Helper()
	req := httptest.NewRequest("POST", path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, req)
	return answer.Code
}

func TestUnknownRoutesAndMethodsHaveTheOneShape(t *testing.T) {
	s := start(t)
	wantError(t, s.refusal(t, "GET", "/v1/unknown", ""), 404, api.CodeNotFound, "", "/openapi.json")
	wantError(t, s.refusal(t, "PUT", "/v1/embeddings", "{}"), 405, api.CodeMethod, "", "Allow")
	status, _, data := s.send(t, "POST", "/v1/embeddings", "text/plain", `{"input":"a"}`)
	wantError(t, parseRefusal(t, status, data), 415, api.CodeMediaType, "", "text/plain", "application/json")
}

func TestBusyIs429WithRetryAfter(t *testing.T) {
	s := start(t)
	s.model.busy.Store(true)
	status, header, data := s.send(t, "POST", "/v1/embeddings", "application/json", `{"input":"a"}`)
	got := parseRefusal(t, status, data)
	wantError(t, got, 429, api.CodeBusy, "", "busy")
	if header.Get("Retry-After") == "" || got.Detail.Type != api.TypeServer {
		t.Errorf("Retry-After %q, type %q", header.Get("Retry-After"), got.Detail.Type)
	}
}

func TestFaultsHideTheirCauseAndLogIt(t *testing.T) {
	var logged bytes.Buffer
	s := start(t, func(_ *server.Deps, o *server.Options) { o.Log = slog.New(slog.NewTextHandler(&logged, nil)) })
	for name, tc := range map[string]struct {
		set   func(bool) // of the fake
		cause string
	}{
		"panic": {s.model.panics.Store, "the fake panics"},
		"error": {s.model.fails.Store, "on fire"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.set(true)
			defer tc.set(false)
			status, header, data := s.send(t, "POST", "/v1/embeddings", "application/json", `{"input":"a"}`, "X-Request-Id", "my-"+name)
			got := parseRefusal(t, status, data)
			wantError(t, got, 500, api.CodeInternal, "", "my-"+name)
			if strings.Contains(got.Detail.Message, tc.cause) || got.Detail.Type != api.TypeServer {
				t.Errorf("the client sees %+v", got.Detail)
			}
			if header.Get("X-Request-Id") != "my-"+name {
				t.Errorf("request id is %q", header.Get("X-Request-Id"))
			}
			line := logged.String()
			if !strings.Contains(line, tc.cause) || !strings.Contains(line, "id=my-"+name) {
				t.Errorf("the log does not have the cause: %s", line)
			}
		})
	}
	if status := plainPost(t, s.server.Handler(), "/v1/embeddings", `{"input":"a"}`); status != 200 {
		t.Errorf("after the faults: HTTP %d", status)
	}
}

func TestRequestIDsThatCouldForgeTheLogAreReplaced(t *testing.T) {
	s := start(t)
	_, header, _ := s.send(t, "GET", "/healthz", "", "", "X-Request-Id", "a\" status=200 b")
	if id := header.Get("X-Request-Id"); id == "" || strings.ContainsAny(id, `" =`) {
		t.Errorf("request id is %q", id)
	}
}

func TestBodiesOverTheLimitNameIt(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.MaxBody = 100 })
	got := s.refusal(t, "POST", "/v1/embeddings", `{"input":"`+strings.Repeat("a", 200)+`"}`)
	wantError(t, got, 413, api.CodeTooLarge, "", "100 bytes", "--max-body")
}

func TestAPIKeys(t *testing.T) {
	s := start(t, func(d *server.Deps, o *server.Options) { o.APIKeys = []string{"first", "second"}; d.Page = page })
	for name, tc := range map[string]struct {
		path, header string
		want         int
	}{
		"no key":          {"/v1/models", "", 401},
		"wrong key":       {"/v1/models", "Bearer third", 401},
		"other scheme":    {"/v1/models", "Basic first", 401},
		"a part of a key": {"/v1/models", "Bearer fir", 401},
		"empty key":       {"/v1/models", "Bearer ", 401},
		"first key":       {"/v1/models", "Bearer first", 200},
		"second key":      {"/v1/models", "Bearer second", 200},
		"metrics":         {"/metrics", "", 401},
		"health":          {"/healthz", "", 200},
		"readiness":       {"/readyz", "", 200},
		"the page":        {"/", "", 200},
		"the document":    {"/openapi.json", "", 200},
		"its page":        {"/docs", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if tc.header != "" {
				headers = []string{"Authorization", tc.header}
			}
			status, header, data := s.send(t, "GET", tc.path, "", "", headers...)
			if status != tc.want {
				t.Errorf("HTTP %d; want %d", status, tc.want)
			}
			if status == 401 {
				wantError(t, parseRefusal(t, status, data), 401, api.CodeUnauthorized, "", "Bearer")
				if header.Get("WWW-Authenticate") != "Bearer" {
					t.Error("no WWW-Authenticate")
				}
			}
		})
	}
	keyed := api.NewInProcess(s.handler, api.ClientOptions{APIKey: "second"})
	if _, err := keyed.Models(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPagesOfOtherOriginsMayNotWrite(t *testing.T) {
	body := `{"name":"new"}`
	for name, tc := range map[string]struct {
		allowed []string
		origin  string
		want    int
	}{
		"no browser":            {nil, "", 201},
		"own page":              {nil, "http://example.com", 201}, // httptest's host
		"foreign page":          {nil, "https://evil.example", 403},
		"another allowed":       {[]string{"https://good.example"}, "https://evil.example", 403},
		"allowed page":          {[]string{"https://good.example"}, "https://good.example", 201},
		"every page is allowed": {[]string{"*"}, "https://evil.example", 201},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, func(_ *server.Deps, o *server.Options) { o.CORSOrigins = tc.allowed })
			var headers []string
			if tc.origin != "" {
				headers = []string{"Origin", tc.origin}
			}
			status, header, data := s.send(t, "POST", "/v1/collections", "application/json", body, headers...)
			if status != tc.want {
				t.Fatalf("HTTP %d: %s", status, data)
			}
			if status == 403 {
				wantError(t, parseRefusal(t, status, data), 403, api.CodeForbidden, "", tc.origin, "--cors-origin")
			}
			shared := header.Get("Access-Control-Allow-Origin")
			if wantShared := status != 403 && tc.allowed != nil; (shared != "") != wantShared {
				t.Errorf("Access-Control-Allow-Origin is %q", shared)
			}
		})
	}
}

func TestPreflightOfAnAllowedPage(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) {
		o.CORSOrigins, o.APIKeys = []string{"https://good.example"}, []string{"key"}
	})
	status, header, _ := s.send(t, "OPTIONS", "/v1/collections/a/items/b", "", "",
		"Origin", "https://good.example", "Access-Control-Request-Method", "DELETE")
	if status != 204 || !strings.Contains(header.Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("HTTP %d, %v", status, header)
	}
}

func TestForeignHostNamesOnLoopbackAreRefused(t *testing.T) {
	s := start(t, func(_ *server.Deps, o *server.Options) { o.Hosts = []string{"photos.home"} })
	listening := httptest.NewServer(s.server.Handler())
	defer listening.Close()
	_, port, err := net.SplitHostPort(listening.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"127.0.0.1:" + port: 200, "localhost:" + port: 200, "[::1]:" + port: 200, "photos.home": 200,
		"evil.example": 403, "evil.example:" + port: 403, "localhost.evil.example": 403,
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", listening.URL+"/v1/models", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		resp, err := listening.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("host %s: HTTP %d; want %d", host, resp.StatusCode, want)
		}
	}
}

// page is a stand-in for the web page: it has an index and one file.
var page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/", "/js/a.js":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("page " + r.URL.Path))
	default:
		http.NotFound(w, r)
	}
})

func TestThePageAndWhatItDoesNotHave(t *testing.T) {
	s := start(t, func(d *server.Deps, _ *server.Options) { d.Page = page })
	for path, want := range map[string]string{"/": "page /", "/js/a.js": "page /js/a.js"} {
		status, header, data := s.send(t, "GET", path, "", "")
		if status != 200 || string(data) != want || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: HTTP %d, %q, %v", path, status, data, header)
		}
	}
	status, header, data := s.send(t, "GET", "/js/b.js", "", "")
	wantError(t, parseRefusal(t, status, data), 404, api.CodeNotFound, "")
	if !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		t.Errorf("Content-Type is %q", header.Get("Content-Type"))
	}
}

func TestOptionsThatMakeNoSenseNameTheirFlag(t *testing.T) {
	s := start(t)
	deps := server.Deps{Model: s.model, Library: s.library}
	for flag, opts := range map[string]server.Options{
		"--max-body":    {MaxBody: -1},
		"--max-upload":  {MaxUpload: -1},
		"--max-inputs":  {MaxInputs: -1},
		"--api-key":     {APIKeys: []string{"a", ""}},
		"--cors-origin": {CORSOrigins: []string{"example.org/path"}},
	} {
		if _, err := server.New(deps, opts); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%s: %v", flag, err)
		}
	}
	if _, err := server.New(server.Deps{Model: s.model}, server.Options{}); err == nil {
		t.Error("a server without a library was made")
	}
}

// TestABrokenModelIsNoFaultOfTheClient: NaN out of a tower is the server's, and says of which model.
func TestABrokenModelIsNoFaultOfTheClient(t *testing.T) {
	s := start(t)
	s.model.spoilt.Store(true)
	status, _, data := s.send(t, "POST", "/v1/embeddings", "application/json", `{"input":"a"}`)
	wantError(t, parseRefusal(t, status, data), 500, api.CodeInternal, "", "model fake", "no usable vector", "NaN")
}
