package main

import (
	"os"
	"strings"
	"testing"

	"github.com/clipd/clipd/internal/ort"
)

// TestProviderThatIsNotThere: the error says what is missing and what to do; nothing falls back silently.
func TestProviderThatIsNotThere(t *testing.T) {
	if os.Getenv(ort.LibraryEnv) != "" {
		t.Skip("a library of one's own may have any provider")
	}
	c := newCLI(t)
	for _, command := range [][]string{{"models", "info"}, {"embed", "a cat"}, {"serve", "--addr", "127.0.0.1:0"}} {
		got := c.must(t, exitFailed, append(command, "--provider", "cuda")...)
		for _, want := range []string{"libonnxruntime_providers_cuda", "onnxruntime-gpu", "use cpu"} {
			if !strings.Contains(got.err, want) {
				t.Errorf("%v: no %q in %s", command, want, got.err)
			}
		}
	}
	if got := c.must(t, exitFailed, "models", "info", "--provider", "abacus"); !strings.Contains(got.err, "want cpu, cuda") {
		t.Errorf("an unknown provider: %s", got.err)
	}
	if got := c.must(t, exitDone, "doctor", "--provider", "CPU"); !strings.Contains(got.out, "execution provider") || !strings.Contains(got.out, "cpu; the library has cpu") {
		t.Errorf("doctor: %s", got.out)
	}
	if got := c.must(t, exitFailed, "models", "info", "--ort-lib", t.TempDir()); !strings.Contains(got.err, "is a folder without") && !strings.Contains(got.err, "another ONNX Runtime") {
		t.Errorf("an empty folder: %s", got.err)
	}
}
