package models

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// lockFolder keeps another pull, of this process or another one, from the same staging folder. The lock ends with the
// process that holds it, however that ends.
func lockFolder(name string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(name)
	if held, err := lock.TryLock(); err != nil || !held {
		return nil, errors.Join(fmt.Errorf("another pull of this model is running (it holds %s); wait for it", name), err)
	}
	return func() {
		_ = os.Remove(name)               // while it is still locked
		_ = os.Remove(filepath.Dir(name)) // fails, rightly, while it holds another pull
		_ = lock.Unlock()                 // nobody else knows the file any more
	}, nil
}
