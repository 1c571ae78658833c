package server

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

// dripping is a connection on which each read takes a while, by its own clock, and brings some bytes.
type dripping struct {
	clock    time.Time
	every    time.Duration
	bytes    int
	deadline time.Time
}

func (d *dripping) Read(data []byte) (int, error) {
	if arrives := d.clock.Add(d.every); arrives.After(d.deadline) {
		d.clock = d.deadline
		return 0, os.ErrDeadlineExceeded
	}
	d.clock = d.clock.Add(d.every)
	return min(d.bytes, len(data)), nil
}

func TestPatienceWithSlowClients(t *testing.T) {
	for _, test := range []struct {
		name  string
		every time.Duration
		bytes int
		ends  time.Duration // 0: not within the hour
	}{
		{"steady", time.Second, 2 << 10, 0},
		{"in bursts", 25 * time.Second, 200 << 10, 0},
		{"none", time.Hour, 1, 30 * time.Second},
		{"a byte a second", time.Second, 1, 30 * time.Second},
		{"half of what is asked", time.Second, 1 << 9, 30 * time.Second},
	} {
		begun := time.Unix(0, 0)
		d := &dripping{clock: begun, every: test.every, bytes: test.bytes}
		body := &patient{
			ReadCloser: io.NopCloser(d), now: func() time.Time { return d.clock }, stall: 30 * time.Second, enough: 30 * bodyStride,
			setDeadline: func(at time.Time) error { d.deadline = at; return nil },
		}
		var err error
		for data := make([]byte, 1<<20); err == nil && d.clock.Sub(begun) < time.Hour; {
			_, err = body.Read(data)
			if test.name == "in bursts" {
				d.clock = d.clock.Add(time.Minute) // the server's own work is not the client's delay
			}
		}
		took := d.clock.Sub(begun)
		if test.ends == 0 && err != nil || test.ends > 0 && (!errors.Is(err, os.ErrDeadlineExceeded) || took != test.ends) {
			t.Errorf("%s: after %v: %v", test.name, took, err)
		}
	}
}
