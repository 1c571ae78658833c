package catalog

import (
	"fmt"
	"strings"
)

// maxName is the longest name of a collection: it is a folder's name too.
const maxName = 64

// checkName permits what is safe as a folder and in a URL on every system.
func checkName(name string) error {
	const first = "abcdefghijklmnopqrstuvwxyz0123456789"
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrInvalidName)
	case len(name) > maxName:
		return fmt.Errorf("%w: %.70q has %d characters; at most %d", ErrInvalidName, name, len(name), maxName)
	case !strings.ContainsRune(first, rune(name[0])):
		return fmt.Errorf("%w: %q; it must begin with a-z or 0-9", ErrInvalidName, name)
	case strings.ContainsFunc(name, func(r rune) bool { return !strings.ContainsRune(first+"._-", r) }):
		return fmt.Errorf("%w: %q; permitted are a-z, 0-9, '.', '_' and '-'", ErrInvalidName, name)
	}
	return nil
}
