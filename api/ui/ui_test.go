package ui_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/clipd/clipd/api/ui"
)

func get(t *testing.T, method, url string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	ui.Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestHandler(t *testing.T) {
	for url, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/index.html": "text/html; charset=utf-8", "/js/main.js": "text/javascript; charset=utf-8",
		"/base.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml",
	} {
		resp := get(t, "GET", url)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %s, %q", url, resp.Status, resp.Header.Get("Content-Type"))
		}
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self';") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", url, policy)
		}
		if again := get(t, "GET", url, "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its ETag: %s", url, again.Status)
		}
	}
	for _, url := range []string{"/nothing", "/js", "/js/", "/../ui.go", "/v1/status"} {
		if resp := get(t, "GET", url); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", url, resp.Status)
		}
	}
	if resp := get(t, "POST", "/"); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %s", resp.Status)
	}
}

// The page needs nothing from elsewhere and makes no markup from text.
func TestFilesKeepTheirPromises(t *testing.T) {
	remote := regexp.MustCompile(`(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`)
	inline := regexp.MustCompile(`<script(?:\s[^>]*)?>\s*\S+?</script>|<style|\sstyle="|\son[a-z]+="`)
	err := fs.WalkDir(ui.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(ui.FS(), name)
		if err != nil {
			return err
		}
		text := strings.ReplaceAll(string(content), "http://www.w3.org/2000/svg", "") // a name, not an address
		if found := remote.FindString(text); found != "" {
			t.Errorf("%s refers to %s", name, found)
		}
		if found := markup.FindString(text); found != "" && path.Ext(name) == ".js" {
			t.Errorf("%s uses %s", name, found)
		}
		if found := inline.FindString(text); found != "" && path.Ext(name) == ".html" {
			t.Errorf("%s has %q inline, which the policy refuses", name, found)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
