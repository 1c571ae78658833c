package ort

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	onnx "github.com/yalue/onnxruntime_go"
)

func TestProviderErrors(t *testing.T) {
	r := open(t)
	_, err := r.NewSession(Graph{Bytes: doubling()}, SessionOptions{Provider: "abacus"})
	if !errors.Is(err, ErrProvider) || !strings.Contains(err.Error(), "openvino") {
		t.Errorf("an unknown provider: %v; want ErrProvider that names the known ones", err)
	}
	if err := errors.Join(r.CheckProvider(""), r.CheckProvider("CPU")); err != nil {
		t.Errorf("the CPU: %v", err)
	}
	usable := r.Providers()
	for name, remedy := range map[string]string{
		CUDA: "onnxruntime-gpu", OpenVINO: "onnxruntime-openvino", CoreML: "macOS", XNNPACK: "built so",
	} {
		if slices.Contains(usable, name) {
			t.Logf("%s is usable here", name)
			continue
		}
		_, err := r.NewSession(Graph{Bytes: doubling()}, SessionOptions{Provider: name})
		if !errors.Is(err, ErrProvider) || !errors.Is(r.CheckProvider(name), ErrProvider) {
			t.Errorf("%s, which the library lacks: %v; want ErrProvider", name, err)
			continue
		}
		// A library of one's own may have the provider's file and lack what that needs.
		if text := err.Error(); !strings.Contains(text, "use cpu") || !strings.Contains(text, remedy) && os.Getenv(LibraryEnv) == "" {
			t.Errorf("%s: %v; want %q and \"use cpu\"", name, err, remedy)
		}
	}
}

// TestWhyUnavailable: what keeps a provider's own library from being loaded is named.
func TestWhyUnavailable(t *testing.T) {
	dir := t.TempDir()
	library, said := filepath.Join(dir, "libonnxruntime.so"), errors.New("failed to load shared library")
	if got := whyUnavailable(library, CUDA, said); !strings.Contains(got, "has no libonnxruntime_providers_cuda") || !strings.Contains(got, LibraryEnv) {
		t.Errorf("without the provider's library: %s", got)
	}
	beside := filepath.Join(dir, "libonnxruntime_providers_cuda"+suffix())
	if err := os.WriteFile(beside, []byte("no library at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := whyUnavailable(library, CUDA, said); !strings.Contains(got, beside+" cannot be loaded: ") || !strings.Contains(got, "LD_LIBRARY_PATH") {
		t.Errorf("with one that cannot be loaded: %s", got)
	}
	if err := os.Rename(compile(t, "int unrelated(void) { return 1; }"), beside); err != nil {
		t.Fatal(err)
	}
	if got := whyUnavailable(library, CUDA, said); !strings.HasPrefix(got, said.Error()) || !strings.Contains(got, "driver") {
		t.Errorf("with one that can be loaded: %s", got)
	}
}

// TestProviderFromEnvironment runs a graph on the provider that CLIPD_TEST_PROVIDER names, and on nothing else: `make
// openvino` does so with the library that has OpenVINO.
func TestProviderFromEnvironment(t *testing.T) {
	name := os.Getenv("CLIPD_TEST_PROVIDER")
	if name == "" {
		t.Skip("CLIPD_TEST_PROVIDER names no execution provider; `make openvino` tries one")
	}
	r := open(t)
	if err := r.CheckProvider(name); err != nil {
		t.Fatal(err)
	}
	if usable := r.Providers(); !slices.Contains(usable, name) {
		t.Errorf("providers %v lack %s", usable, name)
	}
	settings, err := r.settingsOf(SessionOptions{Provider: name, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer settings.Destroy()
	if err := settings.AddSessionConfigEntry("session.disable_cpu_ep_fallback", "1"); err != nil {
		t.Fatal(err)
	}
	strict, err := onnx.NewDynamicAdvancedSessionWithONNXData(doubling(), []string{"x"}, []string{"y"}, settings)
	if err != nil {
		t.Fatalf("without the CPU: %v", err)
	}
	if err := strict.Destroy(); err != nil {
		t.Error(err)
	}
	session, err := r.NewSession(Graph{Bytes: doubling()}, SessionOptions{Provider: name})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	got, err := session.Run(t.Context(), []Tensor{{Name: "x", Dims: []int64{1, 3}, F32: []float32{1, 2, 3}}})
	if err != nil || !slices.Equal(got[0].F32, []float32{2, 4, 6}) {
		t.Errorf("%s of %s: %v, %v", name, r.Path(), got, err)
	}
}
