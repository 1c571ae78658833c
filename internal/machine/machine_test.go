package machine

import (
	"strings"
	"testing"
	"time"
)

func TestUsedGrowsWithWork(t *testing.T) {
	before := Used()
	deadline := time.Now().Add(30 * time.Second)
	for x := 0; Used() == before; x++ {
		if time.Now().After(deadline) {
			t.Fatalf("no processor time was used in 30 s: it stands at %s", Used())
		}
	}
}

func TestResidentCountsMemory(t *testing.T) {
	const size = 64 << 20
	before := Resident()
	memory := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		memory[i] = 1
	}
	if grown := Resident() - before; grown < size/2 || before == 0 {
		t.Errorf("%d bytes were touched, resident memory grew by %d from %d", size, grown, before)
	}
	if memory[0] == 0 {
		t.Error("unreachable: it keeps the memory alive")
	}
}

func TestCPUHasAName(t *testing.T) {
	if name := CPU(); !strings.HasSuffix(name, " cores") || len(name) < 10 {
		t.Errorf("got %q", name)
	}
	if Load() < 0 {
		t.Errorf("load %g", Load())
	}
}
