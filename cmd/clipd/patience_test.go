package main

import (
	"strings"
	"testing"
	"time"
)

// signalled is a writer that tells what is written.
type signalled chan string

func (s signalled) Write(data []byte) (int, error) {
	select {
	case s <- string(data):
	default:
	}
	return len(data), nil
}

func TestWaitingIsTold(t *testing.T) {
	lines := make(signalled, 1)
	a := &app{console: console{err: lines}}
	done := a.whileWaiting(time.Millisecond, "finding groups among %d items", 7)
	if line := <-lines; !strings.HasPrefix(line, "finding groups among 7 items: ") {
		t.Errorf("%q", line)
	}
	done()
	a.whileWaiting(time.Hour, "nothing")() // ends at once
}
