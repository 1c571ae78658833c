package ort

/*
#include <signal.h>
*/
import "C"

import "runtime"

// keepSignalStack runs a call into an execution provider's code and gives the thread back the stack on which Go
// handles signals. OpenVINO's CPU plugin (2025.4.1, SigAltStackSetup) puts one of its own in place on the thread that
// happens to load the plugin, and unmaps it when the plugin goes, on whichever thread that is: the next signal to the
// first one, and the scheduler sends many, would end the process.
func (o SessionOptions) keepSignalStack(call func() error) error {
	if o.onCPU() {
		return call()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before C.stack_t
	if C.sigaltstack(nil, &before) == 0 {
		defer C.sigaltstack(&before, nil)
	}
	return call()
}
