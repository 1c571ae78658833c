package ort

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// stackT is the kernel's stack_t on 64-bit Linux.
type stackT struct {
	sp    uintptr
	flags int32
	_     int32
	size  uintptr
}

func signalStack(t *testing.T, set *stackT) (now stackT) {
	t.Helper()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SIGALTSTACK, uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		t.Fatal(errno)
	}
	return now
}

// TestKeepSignalStack does as OpenVINO's plugin does, and looks whether the thread has its own stack afterwards.
func TestKeepSignalStack(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := signalStack(t, nil)
	foreign, err := syscall.Mmap(-1, 0, 1<<16, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	other := stackT{sp: uintptr(unsafe.Pointer(&foreign[0])), size: uintptr(len(foreign))}
	err = SessionOptions{Provider: OpenVINO}.keepSignalStack(func() error {
		signalStack(t, &other)
		if now := signalStack(t, nil); now.sp != other.sp {
			t.Errorf("the stack is %+v; want %+v", now, other)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after := signalStack(t, nil)
	signalStack(t, &before)
	if after != before {
		t.Errorf("the stack is %+v after the call; it was %+v", after, before)
	}
}
