package setaside

import (
	"io/fs"
	"os"
)

// renameChecked looks first, where the system has no rename that never replaces.
func renameChecked(from, to string) error {
	if exists(to) {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}
