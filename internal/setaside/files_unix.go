//go:build unix

package setaside

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

func attributesOf(info fs.FileInfo) attributes {
	a := attributes{Mode: info.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky), Modified: info.ModTime(), UID: -1, GID: -1}
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		a.UID, a.GID = int(stat.Uid), int(stat.Gid)
	}
	return a
}

func crossesDevices(err error) bool { return errors.Is(err, syscall.EXDEV) }

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
