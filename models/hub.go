package models

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// hub speaks the Hugging Face hub's protocol for one repository.
type hub struct {
	endpoint string
	repo     string
	token    string
	client   *http.Client
	wait     func(time.Duration)
	stall    time.Duration // of a connection that brings nothing
}

func newHub(repo string, opts PullOptions) *hub {
	h := &hub{endpoint: strings.TrimRight(opts.Endpoint, "/"), repo: repo, token: opts.Token, client: opts.Client, wait: opts.wait, stall: opts.stall}
	if h.endpoint == "" {
		h.endpoint = DefaultEndpoint
	}
	if h.stall == 0 {
		h.stall = stallTime
	}
	if h.client == nil {
		h.client = http.DefaultClient
	}
	return h
}

// hubFile is a file of a repository's tree.
type hubFile struct {
	Type string `json:"type"`
	Path string `json:"path"`
	Size int64  `json:"size"`
	OID  string `json:"oid"` // git's SHA-1 of the blob
	LFS  *struct {
		OID  string `json:"oid"` // SHA-256 of the content
		Size int64  `json:"size"`
	} `json:"lfs"`
}

// size is the content's, not that of the pointer which git keeps.
func (f hubFile) size() int64 {
	if f.LFS != nil {
		return f.LFS.Size
	}
	return f.Size
}

// commit resolves a branch, tag or commit.
func (h *hub) commit(ctx context.Context, revision string) (string, error) {
	var answer struct {
		SHA string `json:"sha"`
	}
	path := "/api/models/" + h.repo + "/revision/" + url.PathEscape(revision)
	if _, err := h.getJSON(ctx, h.endpoint+path, &answer); err != nil {
		return "", err
	}
	if answer.SHA == "" || strings.ContainsAny(answer.SHA, `/\.`) {
		return "", fmt.Errorf("%s answers no commit for revision %q", h.endpoint, revision)
	}
	return answer.SHA, nil
}

// maxPages bounds a tree's listing, at a thousand files a page.
const maxPages = 50

// tree lists a commit's files, page by page.
func (h *hub) tree(ctx context.Context, commit string) ([]hubFile, error) {
	next := h.endpoint + "/api/models/" + h.repo + "/tree/" + commit + "?recursive=true"
	var files []hubFile
	for range maxPages {
		var page []hubFile
		header, err := h.getJSON(ctx, next, &page)
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			if f.Type != "file" {
				continue
			}
			if !filepath.IsLocal(filepath.FromSlash(f.Path)) {
				return nil, fmt.Errorf("the hub lists a file outside of the repository: %q", f.Path)
			}
			files = append(files, f)
		}
		if next = nextPage(header.Get("Link")); next == "" {
			return files, nil
		}
		if !strings.HasPrefix(next, h.endpoint+"/") {
			return nil, fmt.Errorf("the hub's next page lies elsewhere: %s", next)
		}
	}
	return nil, fmt.Errorf("the repository has more than %d pages of files", maxPages)
}

// nextPage reads a Link header: <URL>; rel="next".
func nextPage(link string) string {
	target, rel, ok := strings.Cut(link, ">;")
	if !ok || !strings.Contains(rel, `rel="next"`) {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSpace(target), "<")
}

// maxAnswer bounds an answer that is read whole.
const maxAnswer = 32 << 20

func (h *hub) getJSON(ctx context.Context, url string, into any) (http.Header, error) {
	var header http.Header
	err := h.retry(ctx, func() error {
		answer, err := h.get(ctx, url, 0)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		header = answer.Header
		if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into); err != nil {
			return fmt.Errorf("%s: %w", url, err)
		}
		return nil
	})
	return header, err
}

// hubAnswer is an answer with the header of the hub's own part of it: files lie elsewhere, and the redirect there says
// which commit and which content it leads to.
type hubAnswer struct {
	*http.Response
	first http.Header
}

// maxRedirects is net/http's own bound.
const maxRedirects = 10

// get asks for a URL, from a byte on. Answers other than 200 and 206 are errors; the token goes to the endpoint alone
// (net/http drops it on a redirect to another host).
func (h *hub) get(ctx context.Context, url string, from int64) (hubAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return hubAnswer{}, err
	}
	request.Header.Set("User-Agent", "clipd")
	// Sizes, ranges and hashes are those of the plain content.
	request.Header.Set("Accept-Encoding", "identity")
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	var first http.Header
	client := *h.client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return fmt.Errorf("%w: more than %d redirects", errPermanent, maxRedirects)
		}
		if len(via) == 1 {
			first = next.Response.Header
		}
		return nil
	}
	answer, err := client.Do(request)
	if err != nil {
		return hubAnswer{}, err
	}
	if first == nil {
		first = answer.Header
	}
	if answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusPartialContent {
		return hubAnswer{answer, first}, nil
	}
	answer.Body.Close()
	return hubAnswer{}, h.refusal(answer)
}

// refusal is an answer that isn't the wanted one.
func (h *hub) refusal(answer *http.Response) error {
	path := answer.Request.URL.Path
	switch answer.StatusCode {
	case http.StatusNotFound:
		return fmt.Errorf("%w: %s has no %s", ErrNoModel, h.endpoint, path)
	case http.StatusUnauthorized, http.StatusForbidden:
		if h.token == "" {
			return fmt.Errorf("%w: %s answers %q for %s: it doesn't exist, or is for a token's owner (HF_TOKEN)", ErrNoModel, h.endpoint, answer.Status, path)
		}
		return fmt.Errorf("%s answers %q for %s: the token (HF_TOKEN) doesn't permit it", h.endpoint, answer.Status, path)
	}
	return &statusError{status: answer.Status, code: answer.StatusCode, path: path, after: retryAfter(answer.Header.Get("Retry-After"), time.Now())}
}

// statusError is an answer that may be another one later.
type statusError struct {
	status string
	code   int
	path   string
	after  time.Duration
}

// Error names status and path.
func (e *statusError) Error() string {
	return fmt.Sprintf("the hub answers %q for %s", e.status, e.path)
}

// temporary says whether to try again.
func (e *statusError) temporary() bool {
	return e.code == http.StatusTooManyRequests || e.code == http.StatusRequestTimeout || e.code >= 500
}

// maxRetryAfter bounds how long a hub may make a pull wait.
const maxRetryAfter = 2 * time.Minute

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	seconds, err := strconv.Atoi(text)
	wait := time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
	if err != nil {
		date, err := http.ParseTime(text)
		if err != nil {
			return 0
		}
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
