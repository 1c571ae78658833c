package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/clipd/clipd/api"
	"github.com/clipd/clipd/api/server"
	"github.com/clipd/clipd/internal/machine"
)

// site is a server in this process that is asked over HTTP on a loopback address; its data goes with it.
type site struct {
	a      *app
	engine *engine
	url    string
	client *http.Client
	data   string
	stop   context.CancelFunc
	ended  chan error
}

// openSite opens model and server and starts to serve. Close it at the end.
func (a *app) openSite(ctx context.Context) (*site, error) {
	models := a.modelsDir()
	data, err := os.MkdirTemp("", "clipd-bench-*")
	if err != nil {
		return nil, err
	}
	a.settings.models, a.settings.data, a.settings.towers.load = models, data, loadAtStart
	options := server.Options{MaxInputs: 100_000, Log: a.logger(slog.LevelError)}
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	e, err := a.openEngine(ctx, options)
	if err != nil {
		return nil, errors.Join(err, listener.Close(), os.RemoveAll(data))
	}
	return a.startSite(ctx, e, listener), nil
}

func (a *app) startSite(ctx context.Context, e *engine, listener net.Listener) *site {
	s := &site{
		a: a, engine: e, url: urlOf(listener.Addr()), data: a.settings.data, ended: make(chan error, 1),
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}},
	}
	ctx, s.stop = context.WithCancel(ctx)
	go func() { s.ended <- e.server.Serve(ctx, listener) }()
	return s
}

func (s *site) close() error {
	s.client.CloseIdleConnections()
	s.stop()
	return errors.Join(<-s.ended, s.engine.close(), os.RemoveAll(s.data))
}

// body is a request for vectors as it goes over the wire.
func body(inputs ...api.Input) ([]byte, error) {
	return json.Marshal(api.EmbeddingsRequest{Input: inputs, EncodingFormat: "base64"})
}

// embed sends a JSON request and reads its answer whole.
func (s *site) embed(ctx context.Context, body []byte) error {
	return s.embedBody(ctx, "application/json", body)
}

// embedBody sends a request with a body of the given media type.
func (s *site) embedBody(ctx context.Context, kind string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/embeddings?encoding_format=base64", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the server answered %s: %.300s", resp.Status, answer)
	}
	return err
}

// metric reads GET /metrics and adds up the values of a counter, or the sum and count of a histogram, that have the
// label.
func (s *site) metric(ctx context.Context, name, label, value string) (sum, count float64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		return 0, 0, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return 0, 0, fmt.Errorf("GET /metrics: %w", err)
	}
	for _, m := range families[name].GetMetric() {
		for _, pair := range m.GetLabel() {
			if pair.GetName() == label && pair.GetValue() == value {
				sum += m.GetCounter().GetValue() + m.GetHistogram().GetSampleSum()
				count += float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum, count, nil
}

// window is what was done in a stretch of time while work went on before and after it.
type window struct {
	count   int
	elapsed time.Duration
	cpu     time.Duration   // of this process: server and client
	took    []time.Duration // of the requests that ended in it
}

func (w *window) add(more window) {
	w.count += more.count
	w.elapsed += more.elapsed
	w.cpu += more.cpu
	w.took = append(w.took, more.took...)
}

func (w window) rate() float64 { return rate(int64(w.count), w.elapsed) }

// cpuEach is the processor time of one unit, in milliseconds.
func (w window) cpuEach() float64 {
	if w.count == 0 {
		return 0
	}
	return milliseconds(w.cpu) / float64(w.count)
}

// steady has callers call work over and over, and counts what ends in a window that begins after a warm-up of a
// quarter of it, and lasts until something has ended. Each call of work does units.
func steady(ctx context.Context, callers, units int, length time.Duration, work func(ctx context.Context, i int) error) (window, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		group  sync.WaitGroup
		next   atomic.Int64
		mu     sync.Mutex
		took   []time.Duration
		failed error
	)
	for range callers {
		group.Go(func() {
			for ctx.Err() == nil {
				begun := time.Now()
				err := work(ctx, int(next.Add(1)))
				mu.Lock()
				if err == nil {
					took = append(took, time.Since(begun))
				} else if ctx.Err() == nil {
					failed = err
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	ended := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(took)
	}
	untilOne := func(since int) { // a slow machine's answer may take longer than its time
		for ended() == since && ctx.Err() == nil {
			sleep(ctx, 10*time.Millisecond)
		}
	}
	sleep(ctx, length/4)
	untilOne(0)
	first, begun, used := ended(), time.Now(), machine.Used()
	sleep(ctx, length)
	untilOne(first)
	w := window{elapsed: time.Since(begun), cpu: machine.Used() - used}
	last := ended()
	cancel()
	group.Wait()
	if failed != nil {
		return w, failed
	}
	w.took = took[first:last]
	w.count = units * (last - first)
	return w, nil
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
