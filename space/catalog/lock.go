package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// lock is a held lock file. The system gives it back when the process ends, however that happens.
type lock struct{ file *flock.Flock }

// acquire takes the lock and writes into the file who holds it.
func acquire(path string) (*lock, error) {
	file := flock.New(path)
	held, err := file.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", path, err)
	case !held:
		return nil, fmt.Errorf("%w by %s", ErrLocked, holder(path))
	}
	note := fmt.Sprintf("process %d (%s), since %s\n", os.Getpid(), filepath.Base(os.Args[0]), time.Now().Format(time.RFC3339))
	if err := os.WriteFile(path, []byte(note), 0o644); err != nil {
		return nil, errors.Join(err, file.Unlock())
	}
	return &lock{file}, nil
}

// holder is what the one who holds the lock has written into it.
func holder(path string) string {
	note, err := os.ReadFile(path)
	if text := strings.TrimSpace(string(note)); err == nil && text != "" {
		return text
	}
	return "another process"
}

func (l *lock) release() error {
	if err := l.file.Unlock(); err != nil {
		return fmt.Errorf("unlock data directory: %w", err)
	}
	return nil
}
