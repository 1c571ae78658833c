//go:build linux

package setaside_test

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/clipd/clipd/internal/setaside"
)

// TestReflinkSharesBlocks looks at file systems that can share blocks, each in a file of its own that is mounted for the
// test: that needs root, the file system's mkfs, and a kernel that knows it.
func TestReflinkSharesBlocks(t *testing.T) {
	for _, kind := range []string{"xfs", "btrfs"} {
		t.Run(kind, func(t *testing.T) {
			root := mounted(t, kind)
			kept, copied := filepath.Join(root, "kept.jpg"), filepath.Join(root, "album", "copy.jpg")
			content := strings.Repeat("a picture of some length. ", 40_000) // blocks of its own, none within the metadata
			write(t, kept, content, 0o644, 1)
			write(t, copied, content, 0o600, 100)
			if sharesBlocks(t, copied) {
				t.Fatal("the copy shares its blocks from the beginning")
			}
			before := tree(t, root)
			m := create(t, root, setaside.Reflink, []setaside.Step{{From: copied, Kept: kept, SHA256: sum(content), KeptSHA256: sum(content)}})
			if done, refused := outcome(t, m, false); done != 1 || len(refused) != 0 {
				t.Fatalf("%d done, refused %v", done, refused)
			}
			sameTree(t, root, before)
			if !sharesBlocks(t, copied) || !sharesBlocks(t, kept) {
				t.Error("the two share no blocks")
			}
			if info := len(tree(t, root)); info != 2 {
				t.Errorf("%d files are left", info)
			}
			outcome(t, m, true) // has nothing to do
			sameTree(t, root, before)
			write(t, copied, content+"changed", 0o600, 100)
			if after := tree(t, root); after[kept].content != content {
				t.Error("what is written to the copy is in the kept one, too")
			}
		})
	}
}

// mounted is a new file system of a kind; the test is skipped where it cannot be had.
func mounted(t *testing.T, kind string) string {
	t.Helper()
	mkfs, err := exec.LookPath("mkfs." + kind)
	if err != nil || os.Getuid() != 0 {
		t.Skipf("NOT RUN: whether blocks are shared on %s: this needs root and mkfs.%s", kind, kind)
	}
	image, root := filepath.Join(t.TempDir(), kind+".img"), t.TempDir()
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const size = 320 << 20 // the least that xfs takes is 300 MB; it is sparse
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{mkfs, "-q", image}, {"mount", "-o", "loop", "-t", kind, image, root}} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("NOT RUN: whether blocks are shared on %s: %s: %v: %s", kind, strings.Join(command, " "), err, out)
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", root).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return root
}

// sharesBlocks asks the kernel by FS_IOC_FIEMAP (Documentation/filesystems/fiemap.rst) whether all of a file's first
// extents are another's, too.
func sharesBlocks(t *testing.T, path string) bool {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	const (
		fiemap       = 0xC020660B
		flagSync     = 1
		extentShared = 0x2000
		most         = 16
		header, each = 32, 56 // bytes
	)
	request := make([]byte, header+most*each)
	binary.NativeEndian.PutUint64(request[8:], 1<<62)
	binary.NativeEndian.PutUint32(request[16:], flagSync)
	binary.NativeEndian.PutUint32(request[24:], most)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, file.Fd(), fiemap, uintptr(unsafe.Pointer(&request[0]))); errno != 0 {
		t.Fatalf("extents of %s: %v", path, errno)
	}
	extents := int(binary.NativeEndian.Uint32(request[20:]))
	for i := range extents {
		if binary.NativeEndian.Uint32(request[header+i*each+40:])&extentShared == 0 {
			return false
		}
	}
	return extents > 0
}
