package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestProgressPace(t *testing.T) {
	p := &progress{unit: "images", total: 100, start: time.Now().Add(-10 * time.Second), done: 20, skipped: 30}
	if got, want := p.pace(), "2.0 images/s, 25s left"; got != want {
		t.Errorf("pace is %q, want %q: skipped work is no speed", got, want)
	}
}

func TestProgressWithoutTerminalWritesLines(t *testing.T) {
	var out bytes.Buffer
	p := (&app{console: console{err: &out}}).startProgress("index", "images", 10)
	p.add(1)
	if out.Len() > 0 {
		t.Errorf("a line at once: %q", out.String())
	}
	p.printed = time.Now().Add(-plainInterval)
	p.add(2)
	p.stop()
	if !strings.HasPrefix(out.String(), "index 3 of 10 images, ") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %q, want one line of progress", out.String())
	}
}

func TestProgressBarEnds(t *testing.T) {
	var out bytes.Buffer
	a := &app{console: console{err: &out, errTerminal: true}}
	for _, done := range []int{3, 1} {
		p := a.startProgress("index", "images", 3)
		p.add(done)
		p.stop() // must return, also before the work is complete
	}
	if p := a.startProgress("index", "images", 0); p.bar != nil {
		t.Error("a bar for no work")
	}
}
