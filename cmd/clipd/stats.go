package main

import (
	"slices"
	"time"
)

// timing summarises the times of repeated work.
type timing struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"` // what is counted: "images", "texts", "queries"
	Count  int     `json:"count"`
	Rate   float64 `json:"per_second"`
	P50    float64 `json:"p50_ms"` // of one request
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Detail string  `json:"detail"` // what exactly was measured
}

// newTiming makes a summary of requests that did count units in all, within the elapsed time.
func newTiming(name, unit, detail string, count int, elapsed time.Duration, requests []time.Duration) timing {
	slices.Sort(requests)
	return timing{
		Name: name, Unit: unit, Count: count, Rate: rate(int64(count), elapsed),
		P50: milliseconds(quantile(requests, 0.50)), P95: milliseconds(quantile(requests, 0.95)),
		P99: milliseconds(quantile(requests, 0.99)), Detail: detail,
	}
}

// quantile is the value at rank ceil(q*n) of sorted durations (the nearest-rank method); 0 of none.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted)) + 0.9999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
