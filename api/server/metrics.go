package server

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/clipd/clipd/space/catalog"
)

// Stages of a request, as labels of clipd_stage_duration_seconds.
const (
	stageDecode         = "decode"          // image bytes to pixels, where a handler does it
	stageEncodeTexts    = "encode_texts"    // one call of the text tower, waiting for a batch included
	stageEncodePictures = "encode_pictures" // one call of the image tower, waiting for a batch included
	stageEncodeQuery    = "encode_query"    // a search's text, image or example to its vector
	stageSearch         = "search"          // both indexes and their fusion
	stageIngest         = "ingest"          // a batch of documents, from bytes to durable
	stageCheckCopy      = "check copy"      // of one picture with a collection
	stageDuplicates     = "duplicates"      // grouping of a collection's copies
)

// metrics are the server's own, in a registry of its own: two servers in a process do not meet.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	stages   *prometheus.HistogramVec
	batches  *prometheus.HistogramVec
	inFlight prometheus.Gauge
	bodies   prometheus.Gauge

	bodiesRefused prometheus.Counter
}

func newMetrics(deps Deps) (*metrics, error) {
	seconds := prometheus.ExponentialBuckets(0.0005, 2, 18) // 0.5 ms to 65 s
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "clipd_requests_total", Help: "HTTP requests answered.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "clipd_request_duration_seconds", Help: "Time from a request's header to the end of its answer.", Buckets: seconds,
		}, []string{"method", "route"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "clipd_stage_duration_seconds", Help: "Time of one stage of a request.", Buckets: seconds,
		}, []string{"stage"}),
		batches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "clipd_batch_size", Help: "Inputs given to one stage at once.", Buckets: prometheus.ExponentialBuckets(1, 2, 12),
		}, []string{"stage"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clipd_requests_in_flight", Help: "HTTP requests being answered now.",
		}),
		bodies: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "clipd_bodies_bytes", Help: "Memory that the bodies of requests have room for now, small ones aside.",
		}),
		bodiesRefused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "clipd_bodies_refused_total", Help: "Requests refused because there was no room for their bodies.",
		}),
	}
	all := append([]prometheus.Collector{
		m.requests, m.duration, m.stages, m.batches, m.inFlight, m.bodies, m.bodiesRefused,
		itemsCollector{deps.Library}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	}, deps.Metrics...)
	if model, ok := deps.Model.(queued); ok {
		all = append(all, queueCollector{model})
	}
	for _, collector := range all {
		if err := m.registry.Register(collector); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

func (m *metrics) observeRequest(c echo.Context, took time.Duration) {
	route := c.Path()
	if route == "" {
		route = "none"
	}
	method := c.Request().Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete, http.MethodOptions:
	default:
		method = "other" // a client may invent methods; a label must not grow with them
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(c.Response().Status)).Inc()
	m.duration.WithLabelValues(method, route).Observe(took.Seconds())
}

// stage observes n inputs that took the time since begun.
func (m *metrics) stage(name string, begun time.Time, n int) {
	m.stageTook(name, time.Since(begun))
	m.batches.WithLabelValues(name).Observe(float64(n))
}

func (m *metrics) stageTook(name string, took time.Duration) {
	m.stages.WithLabelValues(name).Observe(took.Seconds())
}

// itemsCollector counts the items of each collection when metrics are read.
type itemsCollector struct{ library *catalog.Library }

// collectTime bounds a reading of the collections.
const collectTime = 5 * time.Second

// Describe sends nothing: collections come and go, so the collector is an unchecked one.
func (itemsCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (ic itemsCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	items := prometheus.NewDesc("clipd_items", "Items of a collection.", []string{"collection", "kind"}, nil)
	size := prometheus.NewDesc("clipd_collection_bytes", "Size of a collection on disk.", []string{"collection"}, nil)
	listings, err := ic.library.List(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(items, err)
		return
	}
	for _, l := range listings {
		if l.Err != nil {
			continue // GET /v1/status says why
		}
		d := l.Description
		out <- prometheus.MustNewConstMetric(items, prometheus.GaugeValue, float64(d.Texts), l.Name, "text")
		out <- prometheus.MustNewConstMetric(items, prometheus.GaugeValue, float64(d.Images), l.Name, "image")
		out <- prometheus.MustNewConstMetric(size, prometheus.GaugeValue, float64(d.Bytes), l.Name)
	}
}
