package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
)

// InProcess is the remote address of requests that a client makes of a handler in its own process.
const InProcess = "in-process"

// errNoAnswer: the handler returned, or panicked, without an answer.
var errNoAnswer = errors.New("the handler gave no answer")

// handlerTransport is an http.RoundTripper that calls a handler in a goroutine of its own, which ends when the
// handler returns. The request's body is read by the handler, the response's by the caller: nothing is collected.
type handlerTransport struct{ handler http.Handler }

// RoundTrip returns as soon as the handler has written its header.
func (t handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(req.Context())
	answer := &pipeResponse{header: http.Header{}, body: writer, started: make(chan struct{})}
	go func() {
		defer cancel()
		if req.Body != nil {
			defer req.Body.Close()
		}
		answer.finish(serve(t.handler, answer, serverRequest(ctx, req)))
	}()
	select {
	case <-answer.started:
	case <-req.Context().Done():
		reader.CloseWithError(req.Context().Err()) // unblocks the handler, should it write
		return nil, req.Context().Err()
	}
	if answer.failure != nil {
		cancel()
		return nil, answer.failure
	}
	return answer.response(req, &cancelBody{PipeReader: reader, cancel: cancel}), nil
}

// serverRequest is req as a server would see it.
func serverRequest(ctx context.Context, req *http.Request) *http.Request {
	local := &net.UnixAddr{Name: InProcess, Net: "unix"}
	in := req.Clone(context.WithValue(ctx, http.LocalAddrContextKey, net.Addr(local)))
	in.RequestURI = req.URL.RequestURI()
	in.Host = req.URL.Host
	in.RemoteAddr = InProcess
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

// serve turns a panic into an error, so that a fault of the handler does not end a process without a net/http server.
func serve(handler http.Handler, w http.ResponseWriter, req *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the handler panicked: %v", p)
		}
	}()
	handler.ServeHTTP(w, req)
	return nil
}

// cancelBody tells the handler when the caller closes early, as a closed connection would.
type cancelBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// pipeResponse is the http.ResponseWriter of handlerTransport.
type pipeResponse struct {
	header  http.Header
	body    *io.PipeWriter
	once    sync.Once
	started chan struct{} // closed when status, sent and failure are set
	status  int
	sent    http.Header
	failure error
}

func (w *pipeResponse) Header() http.Header { return w.header }

func (w *pipeResponse) WriteHeader(status int) {
	if status < 200 { // informational: not the answer yet
		return
	}
	w.once.Do(func() {
		w.status, w.sent = status, maps.Clone(w.header)
		close(w.started)
	})
}

func (w *pipeResponse) Write(data []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(data)
}

// Flush does nothing: the pipe holds nothing back.
func (w *pipeResponse) Flush() { w.WriteHeader(http.StatusOK) }

// finish ends the body; err, where there is one, reaches the caller.
func (w *pipeResponse) finish(err error) {
	w.once.Do(func() {
		// Nothing was written: an empty success, as net/http would answer, or the panic.
		w.status, w.sent = http.StatusOK, maps.Clone(w.header)
		if err != nil {
			w.failure = errors.Join(errNoAnswer, err)
		}
		close(w.started)
	})
	w.body.CloseWithError(err) // nil is io.EOF
}

func (w *pipeResponse) response(req *http.Request, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", w.status, http.StatusText(w.status)),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sent,
		Body:          body,
		ContentLength: -1,
		Request:       req,
	}
}
