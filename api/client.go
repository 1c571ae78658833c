package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/clipd/clipd/space"
)

// Client calls a clipd server. It is safe for concurrent use. Each method fails with an *Error where the server
// refused, and with the transport's error where it could not be reached.
type Client struct {
	base string // without a slash at its end
	http *http.Client
	opts ClientOptions
}

// ClientOptions of a Client. The zero value works.
type ClientOptions struct {
	HTTP    *http.Client  // nil: a client without a time limit of its own; contexts limit
	APIKey  string        // sent as "Authorization: Bearer …" where set
	Retries int           // after 429 and 503; 0: DefaultRetries, negative: none
	MaxWait time.Duration // longest pause before a retry, whatever Retry-After says; 0: DefaultMaxWait
	MaxFile int64         // largest file that Upload reads; 0: DefaultMaxFile
}

// Defaults of ClientOptions.
const (
	DefaultRetries = 4
	DefaultMaxWait = 10 * time.Second
	DefaultMaxFile = 256 << 20
)

// firstWait is the pause before the first retry where the server names none; it doubles from there.
const firstWait = 250 * time.Millisecond

// maxErrorBody bounds what is read of an answer that is not a success.
const maxErrorBody = 1 << 20

// NewClient makes a Client of the server at base, "http://127.0.0.1:7744" for example.
func NewClient(base string, opts ClientOptions) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("server address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("server address %q: want http://host:port or https://host", base)
	}
	return newClient(strings.TrimSuffix(base, "/"), opts), nil
}

// NewInProcess makes a Client that calls handler directly, without a socket; bodies are streamed both ways.
// opts.HTTP is not used.
func NewInProcess(handler http.Handler, opts ClientOptions) *Client {
	opts.HTTP = &http.Client{Transport: handlerTransport{handler}}
	return newClient("http://localhost", opts)
}

func newClient(base string, opts ClientOptions) *Client {
	if opts.HTTP == nil {
		opts.HTTP = &http.Client{}
	}
	if opts.Retries == 0 {
		opts.Retries = DefaultRetries
	}
	if opts.MaxWait <= 0 {
		opts.MaxWait = DefaultMaxWait
	}
	if opts.MaxFile <= 0 {
		opts.MaxFile = DefaultMaxFile
	}
	return &Client{base: base, http: opts.HTTP, opts: opts}
}

// Embeddings calls POST /v1/embeddings.
func (c *Client) Embeddings(ctx context.Context, req EmbeddingsRequest) (EmbeddingsResponse, error) {
	return call[EmbeddingsResponse](ctx, c, http.MethodPost, "/v1/embeddings", req)
}

// EmbedImages calls POST /v1/embeddings with image files as they are, which spares both sides base64. Vectors of
// req.Input come first, then those of the files. A file that cannot be read is an error.
func (c *Client) EmbedImages(ctx context.Context, req EmbeddingsRequest, files ...Upload) (EmbeddingsResponse, error) {
	form := &formBody{parts: []part{{field: "query", value: req}}, maxFile: c.opts.MaxFile}
	for i := range files {
		form.parts = append(form.parts, part{field: "image", file: &files[i]})
	}
	var out EmbeddingsResponse
	err := c.decode(ctx, http.MethodPost, "/v1/embeddings", form, &out)
	for _, failure := range form.failures() {
		return out, failure // it explains why the server got an empty image
	}
	return out, err
}

// Models calls GET /v1/models.
func (c *Client) Models(ctx context.Context) (ModelList, error) {
	return call[ModelList](ctx, c, http.MethodGet, "/v1/models", nil)
}

// Model calls GET /v1/models/{id}.
func (c *Client) Model(ctx context.Context, id string) (Model, error) {
	return call[Model](ctx, c, http.MethodGet, "/v1/models/"+url.PathEscape(id), nil)
}

// Similarity calls POST /v1/similarity.
func (c *Client) Similarity(ctx context.Context, req SimilarityRequest) (SimilarityResponse, error) {
	return call[SimilarityResponse](ctx, c, http.MethodPost, "/v1/similarity", req)
}

// Classify calls POST /v1/classify.
func (c *Client) Classify(ctx context.Context, req ClassifyRequest) (ClassifyResponse, error) {
	return call[ClassifyResponse](ctx, c, http.MethodPost, "/v1/classify", req)
}

// Collections calls GET /v1/collections.
func (c *Client) Collections(ctx context.Context) (CollectionList, error) {
	return call[CollectionList](ctx, c, http.MethodGet, "/v1/collections", nil)
}

// CreateCollection calls POST /v1/collections. It fails with CodeConflict where the name is taken.
func (c *Client) CreateCollection(ctx context.Context, req CreateCollection) (space.Description, error) {
	return call[space.Description](ctx, c, http.MethodPost, "/v1/collections", req)
}

// Collection calls GET /v1/collections/{collection}.
func (c *Client) Collection(ctx context.Context, name string) (space.Description, error) {
	return call[space.Description](ctx, c, http.MethodGet, collectionPath(name), nil)
}

// DeleteCollection calls DELETE /v1/collections/{collection}.
func (c *Client) DeleteCollection(ctx context.Context, name string) error {
	return c.discard(ctx, http.MethodDelete, collectionPath(name))
}

// AddItems calls POST …/items with a JSON body. Items that failed are in the response, not in the error.
func (c *Client) AddItems(ctx context.Context, collection string, req AddItems) (AddResponse, error) {
	return call[AddResponse](ctx, c, http.MethodPost, collectionPath(collection, "items"), req)
}

// Items calls GET …/items: up to limit items (0: the server's default) in the order of their ids, beginning after
// the id after. ItemList.Next is the next page's after.
func (c *Client) Items(ctx context.Context, collection, after string, limit int) (ItemList, error) {
	query := url.Values{}
	if after != "" {
		query.Set("after", after)
	}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	path := collectionPath(collection, "items")
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return call[ItemList](ctx, c, http.MethodGet, path, nil)
}

// Item calls GET …/items/{id}; with its vector where wanted.
func (c *Client) Item(ctx context.Context, collection, id string, withVector bool) (Item, error) {
	path := collectionPath(collection, "items", id)
	if withVector {
		path += "?vector=true"
	}
	return call[Item](ctx, c, http.MethodGet, path, nil)
}

// DeleteItem calls DELETE …/items/{id}. It fails with CodeNotFound where there is none.
func (c *Client) DeleteItem(ctx context.Context, collection, id string) error {
	return c.discard(ctx, http.MethodDelete, collectionPath(collection, "items", id))
}

// DeleteItems calls POST …/items/delete; ids that are not there are no error.
func (c *Client) DeleteItems(ctx context.Context, collection string, ids []string) (DeleteResponse, error) {
	return call[DeleteResponse](ctx, c, http.MethodPost, collectionPath(collection, "items", "delete"), DeleteItems{IDs: ids})
}

// Thumbnail calls GET …/items/{id}/thumbnail and returns JPEG bytes.
func (c *Client) Thumbnail(ctx context.Context, collection, id string) ([]byte, error) {
	resp, err := c.do(ctx, http.MethodGet, collectionPath(collection, "items", id, "thumbnail"), emptyBody{})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// Original calls GET …/items/{id}/original: the bytes of the source file and their content type. The caller closes.
func (c *Client) Original(ctx context.Context, collection, id string) (io.ReadCloser, string, error) {
	resp, err := c.do(ctx, http.MethodGet, collectionPath(collection, "items", id, "original"), emptyBody{})
	if err != nil {
		return nil, "", err
	}
	return resp.Body, resp.Header.Get("Content-Type"), nil
}

// Known calls POST …/known: which of these files need no work.
func (c *Client) Known(ctx context.Context, collection string, req KnownRequest) (KnownResponse, error) {
	return call[KnownResponse](ctx, c, http.MethodPost, collectionPath(collection, "known"), req)
}

// Search calls POST …/search with a JSON body.
func (c *Client) Search(ctx context.Context, collection string, req SearchRequest) (SearchResponse, error) {
	return call[SearchResponse](ctx, c, http.MethodPost, collectionPath(collection, "search"), req)
}

// Duplicates calls POST …/duplicates.
func (c *Client) Duplicates(ctx context.Context, collection string, req DuplicatesRequest) (DuplicatesResponse, error) {
	return call[DuplicatesResponse](ctx, c, http.MethodPost, collectionPath(collection, "duplicates"), req)
}

// Decide calls POST …/duplicates/decisions.
func (c *Client) Decide(ctx context.Context, collection string, req DecideRequest) (DecisionList, error) {
	return call[DecisionList](ctx, c, http.MethodPost, collectionPath(collection, "duplicates", "decisions"), req)
}

// Decisions calls GET …/duplicates/decisions.
func (c *Client) Decisions(ctx context.Context, collection string) (DecisionList, error) {
	return call[DecisionList](ctx, c, http.MethodGet, collectionPath(collection, "duplicates", "decisions"), nil)
}

// PreviewDuplicates calls POST …/duplicates/preview.
func (c *Client) PreviewDuplicates(ctx context.Context, collection string, req DuplicatesRequest) (PreviewResponse, error) {
	return call[PreviewResponse](ctx, c, http.MethodPost, collectionPath(collection, "duplicates", "preview"), req)
}

// CheckDuplicate calls POST …/duplicates/check with a JSON body: is this picture a copy of something in the collection?
func (c *Client) CheckDuplicate(ctx context.Context, collection string, req CheckRequest) (CheckResponse, error) {
	return call[CheckResponse](ctx, c, http.MethodPost, collectionPath(collection, "duplicates", "check"), req)
}

// Status calls GET /v1/status.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return call[Status](ctx, c, http.MethodGet, "/v1/status", nil)
}

// Healthy calls GET /healthz: nil while the process answers.
func (c *Client) Healthy(ctx context.Context) error {
	return c.discard(ctx, http.MethodGet, "/healthz")
}

// Ready calls GET /readyz: nil while the server takes requests; CodeUnavailable while it starts or stops.
func (c *Client) Ready(ctx context.Context) error {
	once := *c
	once.opts.Retries = -1 // the caller asks about now
	return once.discard(ctx, http.MethodGet, "/readyz")
}

func collectionPath(parts ...string) string {
	var b strings.Builder
	b.WriteString("/v1/collections")
	for _, part := range parts {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// call sends in as JSON (nil: no body) and decodes the answer.
func call[Out any](ctx context.Context, c *Client, method, path string, in any) (Out, error) {
	var out Out
	var content body = emptyBody{}
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return out, fmt.Errorf("%s %s: encode the request: %w", method, path, err)
		}
		content = jsonBody(data)
	}
	err := c.decode(ctx, method, path, content, &out)
	return out, err
}

func (c *Client) decode(ctx context.Context, method, path string, content body, out any) error {
	resp, err := c.do(ctx, method, path, content)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

func (c *Client) discard(ctx context.Context, method, path string) error {
	resp, err := c.do(ctx, method, path, emptyBody{})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody))
	return err
}

// body is a request body that can be sent again on a retry.
type body interface {
	// open begins the body anew; contentType is empty where there is none.
	open() (content io.ReadCloser, contentType string)
}

type emptyBody struct{}

func (emptyBody) open() (io.ReadCloser, string) { return http.NoBody, "" }

type jsonBody []byte

func (b jsonBody) open() (io.ReadCloser, string) {
	return io.NopCloser(bytes.NewReader(b)), "application/json"
}

// do sends the request until it is answered by other than 429 or 503, or the retries are used up.
// The response is a success; its body is the caller's to close.
func (c *Client) do(ctx context.Context, method, path string, content body) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		resp, err := c.send(ctx, method, path, content)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode < 300 {
			return resp, nil
		}
		refused := readError(resp)
		if attempt >= c.opts.Retries || !retryable(resp.StatusCode) {
			return nil, refused
		}
		if err := sleep(ctx, c.wait(attempt, resp.Header)); err != nil {
			return nil, fmt.Errorf("%w, after %w", err, refused)
		}
	}
}

func (c *Client) send(ctx context.Context, method, path string, content body) (*http.Response, error) {
	stream, contentType := content.open()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, stream)
	if err != nil {
		stream.Close()
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if data, ok := content.(jsonBody); ok {
		req.ContentLength = int64(len(data))
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.opts.APIKey != "" {
		req.Header.Set("Authorization", "Bearer "+c.opts.APIKey)
	}
	return c.http.Do(req)
}

func retryable(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// wait is the pause before the next attempt: what Retry-After says, else doubling from firstWait.
func (c *Client) wait(attempt int, header http.Header) time.Duration {
	wait := firstWait << min(attempt, 20)
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds >= 0 {
		wait = time.Duration(seconds) * time.Second
	}
	return min(wait, c.opts.MaxWait)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// readError makes an *Error of a response that is not a success, also of one that no clipd wrote.
func readError(resp *http.Response) *Error {
	defer resp.Body.Close()
	refused := &Error{Status: resp.StatusCode}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var parsed ErrorResponse
	if err == nil && json.Unmarshal(data, &parsed) == nil && parsed.Error.Code != "" {
		refused.Detail = parsed.Error
		return refused
	}
	refused.Detail = ErrorDetail{
		Message: fmt.Sprintf("the server answered %s: %.200s", resp.Status, bytes.TrimSpace(data)),
		Type:    "server_error",
		Code:    CodeInternal,
	}
	return refused
}
