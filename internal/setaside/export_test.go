//go:build unix

package setaside

import "syscall"

// ActAcrossDevices makes renames between folders fail as between file systems.
func (m *Manifest) ActAcrossDevices() {
	m.rename = func(string, string) error { return syscall.EXDEV }
}

// AtEachLine calls do before and after each line of the manifest is written.
func (m *Manifest) AtEachLine(do func()) { m.around = do }
