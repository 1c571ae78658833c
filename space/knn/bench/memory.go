package bench

import (
	"time"

	"github.com/prometheus/procfs"
)

// Memory is the most that this process had in RAM while something went on, in bytes. What is anonymous is its own: the heap,
// above all. What is mapped are pages of files, which the system takes back when others need room.
type Memory struct {
	What      string `json:"what"`
	Resident  uint64 `json:"resident"` // the most of both together
	Anonymous uint64 `json:"anonymous"`
	Mapped    uint64 `json:"mapped"`
}

// watchEvery is the time between two looks at the memory.
const watchEvery = 100 * time.Millisecond

// watchMemory looks at the memory until the returned function is called, which tells the most that was seen; all is 0
// where the system doesn't tell.
func watchMemory(what string) (end func() Memory) {
	stop, done := make(chan struct{}), make(chan Memory)
	go func() {
		ticker := time.NewTicker(watchEvery)
		defer ticker.Stop()
		most := Memory{What: what}
		for {
			most.look()
			select {
			case <-stop:
				most.look()
				done <- most
				return
			case <-ticker.C:
			}
		}
	}()
	return func() Memory {
		close(stop)
		return <-done
	}
}

func (m *Memory) look() {
	self, err := procfs.Self()
	if err != nil {
		return
	}
	if status, err := self.NewStatus(); err == nil {
		m.Resident, m.Anonymous, m.Mapped = max(m.Resident, status.VmRSS), max(m.Anonymous, status.RssAnon), max(m.Mapped, status.RssFile)
	}
}
