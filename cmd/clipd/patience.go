package main

import (
	"sync"
	"time"
)

// whileWaiting says every interval, on stderr, what an answer that has no stages is being waited for, and how long already.
// Nothing is said of what takes less.
func (a *app) whileWaiting(interval time.Duration, format string, args ...any) (done func()) {
	begun, end := time.Now(), make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
				a.note(format+": %v so far", append(args, time.Since(begun).Round(time.Second))...)
			}
		}
	})
	return func() {
		close(end)
		telling.Wait()
	}
}
