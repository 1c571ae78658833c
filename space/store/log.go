package store

import (
	"fmt"
	"log/slog"
)

// dbLog passes the database's complaints on and drops its chatter.
type dbLog struct{ to *slog.Logger }

func newLog(to *slog.Logger) dbLog {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	return dbLog{to}
}

func (l dbLog) Infof(string, ...any) {}

func (l dbLog) Errorf(format string, args ...any) {
	l.to.Error("store", "error", fmt.Sprintf(format, args...))
}

// Fatalf must not return: the database calls it when its log cannot be written, and what it holds in memory may then
// differ from what is on disk. Stopping loses nothing that was acknowledged.
func (l dbLog) Fatalf(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	l.to.Error("store", "fatal", message)
	panic("store: " + message)
}
