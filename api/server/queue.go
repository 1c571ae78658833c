package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/clipd/clipd/internal/batch"
)

// queued is a Model that shares batches between callers and tells how full its queues are; *models.Model does.
type queued interface {
	BatchStats() (texts, pictures batch.Stats)
}

// queueCollector reads a model's queues when metrics are read.
type queueCollector struct{ model queued }

var (
	descWaiting = prometheus.NewDesc("clipd_queue_waiting", "Inputs that wait for a batch.", []string{"tower"}, nil)
	descRunning = prometheus.NewDesc("clipd_queue_running", "Inputs in a batch now.", []string{"tower"}, nil)
	descBatches = prometheus.NewDesc("clipd_tower_batches_total", "Batches that a tower has run.", []string{"tower"}, nil)
	descInputs  = prometheus.NewDesc("clipd_tower_inputs_total", "Inputs of those batches.", []string{"tower"}, nil)
	descRefused = prometheus.NewDesc("clipd_queue_refused_total", "Inputs refused because the queue was full.", []string{"tower"}, nil)
)

// Describe implements prometheus.Collector.
func (queueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{descWaiting, descRunning, descBatches, descInputs, descRefused} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (q queueCollector) Collect(out chan<- prometheus.Metric) {
	texts, pictures := q.model.BatchStats()
	collectQueue(out, "text", texts)
	collectQueue(out, "image", pictures)
}

func collectQueue(out chan<- prometheus.Metric, tower string, s batch.Stats) {
	gauge := func(desc *prometheus.Desc, n int) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), tower)
	}
	counter := func(desc *prometheus.Desc, n uint64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), tower)
	}
	gauge(descWaiting, s.Waiting)
	gauge(descRunning, s.Running)
	counter(descBatches, s.Batches)
	counter(descInputs, s.Items)
	counter(descRefused, s.Refused)
}
