package main

import (
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for _, test := range []struct {
		of   []time.Duration
		q    float64
		want time.Duration
	}{
		{hundred, 0.5, 50}, {hundred, 0.95, 95}, {hundred, 0, 1}, {hundred, 1, 100},
		{hundred[:1], 0.5, 1}, {hundred[:3], 0.5, 2}, {nil, 0.5, 0},
	} {
		if got := quantile(test.of, test.q); got != test.want {
			t.Errorf("quantile %g of %d is %d, want %d", test.q, len(test.of), got, test.want)
		}
	}
}
