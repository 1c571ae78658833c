package ort

import "golang.org/x/sys/cpu"

// hasVNNI: the processor multiplies unsigned with signed bytes and adds four products in 32 bits, and the library uses that.
func hasVNNI() bool {
	return cpu.X86.HasAVX512VNNI && cpu.X86.HasAVX512VL || cpu.X86.HasAVXVNNI && cpu.X86.HasAVX2
}
