package models

import (
	"time"

	"github.com/clipd/clipd/internal/machine"
)

// Loaded says which towers are in memory.
func (m *Model) Loaded() (text, image bool) {
	return m.text != nil && m.text.loaded.Load(), m.image != nil && m.image.loaded.Load()
}

// watch unloads towers that were idle for Options.UnloadAfter, until stop is closed.
func (m *Model) watch() {
	idle := m.opts.UnloadAfter
	ticker := time.NewTicker(max(idle/4, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-m.stop:
			return
		case <-ticker.C:
			m.unload(idle)
		}
	}
}

// unload lets go what was idle, and gives its memory back to the system. What fails to close is gone all the same.
func (m *Model) unload(idle time.Duration) {
	freed := false
	if m.text != nil {
		done, _ := m.text.unload(idle)
		freed = freed || done
	}
	if m.image != nil {
		done, _ := m.image.unload(idle)
		freed = freed || done
	}
	if freed {
		machine.Trim()
	}
}
