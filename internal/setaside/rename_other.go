//go:build !linux

package setaside

import "errors"

func renameNew(from, to string) error { return renameChecked(from, to) }

func clone(from, to string) error { return errors.New("clipd can do that on Linux only") }
