package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/clipd/clipd/internal/batch"
)

// queued is a Model that shares batches between callers and tells how full its queues are; *models.Model does.
type queued interface {
	BatchStats() (texts, pictures batch.Stats)
	Resized() (pictures int64, took time.Duration) // brought to the image tower's size
	Loaded() (text, image bool)                    // the towers that are in memory
}

// queueCollector reads a model's queues when metrics are read.
type queueCollector struct{ model queued }

var (
	descWaiting = prometheus.NewDesc("clipd_queue_waiting", "Inputs that wait for a batch.", []string{"tower"}, nil)
	descRunning = prometheus.NewDesc("clipd_queue_running", "Inputs in a batch now.", []string{"tower"}, nil)
	descBatches = prometheus.NewDesc("clipd_tower_batches_total", "Batches that a tower has run.", []string{"tower"}, nil)
	descInputs  = prometheus.NewDesc("clipd_tower_inputs_total", "Inputs of those batches.", []string{"tower"}, nil)
	descWaited  = prometheus.NewDesc("clipd_queue_wait_seconds_total", "Time that those inputs waited for their batch, added up.", []string{"tower"}, nil)
	descRan     = prometheus.NewDesc("clipd_tower_run_seconds_total", "Time of those batches in the tower, added up.", []string{"tower"}, nil)
	descResized = prometheus.NewDesc("clipd_resized_total", "Pictures brought to the tower's size.", []string{"tower"}, nil)
	descResize  = prometheus.NewDesc("clipd_resize_seconds_total", "Time that this took, added up.", []string{"tower"}, nil)
	descBytes   = prometheus.NewDesc("clipd_queue_bytes", "Memory of the inputs that wait.", []string{"tower"}, nil)
	descLoaded  = prometheus.NewDesc("clipd_tower_loaded", "Whether the tower is in memory: 1, or 0.", []string{"tower"}, nil)
	descRefused = prometheus.NewDesc("clipd_queue_refused_total", "Inputs refused because the queue was full.", []string{"tower"}, nil)
)

// Describe implements prometheus.Collector.
func (queueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{descWaiting, descRunning, descBatches, descInputs, descWaited, descRan, descResized, descResize, descBytes, descLoaded, descRefused} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (q queueCollector) Collect(out chan<- prometheus.Metric) {
	texts, pictures := q.model.BatchStats()
	collectQueue(out, "text", texts)
	collectQueue(out, "image", pictures)
	text, image := q.model.Loaded()
	collectLoaded(out, "text", text)
	collectLoaded(out, "image", image)
	resized, took := q.model.Resized()
	out <- prometheus.MustNewConstMetric(descResized, prometheus.CounterValue, float64(resized), "image")
	out <- prometheus.MustNewConstMetric(descResize, prometheus.CounterValue, took.Seconds(), "image")
}

func collectLoaded(out chan<- prometheus.Metric, tower string, loaded bool) {
	value := 0.0
	if loaded {
		value = 1
	}
	out <- prometheus.MustNewConstMetric(descLoaded, prometheus.GaugeValue, value, tower)
}

func collectQueue(out chan<- prometheus.Metric, tower string, s batch.Stats) {
	gauge := func(desc *prometheus.Desc, x float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, x, tower)
	}
	counter := func(desc *prometheus.Desc, x float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, x, tower)
	}
	gauge(descWaiting, float64(s.Waiting))
	gauge(descBytes, float64(s.Bytes))
	gauge(descRunning, float64(s.Running))
	counter(descBatches, float64(s.Batches))
	counter(descInputs, float64(s.Items))
	counter(descWaited, s.Waited.Seconds())
	counter(descRan, s.Ran.Seconds())
	counter(descRefused, float64(s.Refused))
}
