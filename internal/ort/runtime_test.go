package ort

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// open gives the library that `make deps` fetched; without it nothing here can be tested.
func open(t testing.TB) *Runtime {
	t.Helper()
	r, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOpen(t *testing.T) {
	r := open(t)
	if !strings.HasPrefix(r.Version(), "1.") || !filepath.IsAbs(r.Path()) {
		t.Errorf("version %q, path %q", r.Version(), r.Path())
	}
	if again := open(t); again != r {
		t.Error("a second Open gave another Runtime")
	}
	link := filepath.Join(t.TempDir(), "link.so")
	if err := os.Symlink(r.Path(), link); err != nil {
		t.Fatal(err)
	}
	if again, err := Open(Options{Library: link}); again != r {
		t.Errorf("the same library by a link: %v", err)
	}
	if got := r.Providers(); got[0] != CPU {
		t.Errorf("providers %q; want cpu first", got)
	}
}

func TestOpenAnotherLibrary(t *testing.T) {
	r := open(t)
	other := filepath.Join(t.TempDir(), filepath.Base(r.Path()))
	copyFile(t, r.Path(), other)
	if _, err := Open(Options{Library: other}); !errors.Is(err, ErrOpened) || !strings.Contains(err.Error(), r.Path()) {
		t.Errorf("another library: %v; want ErrOpened that names the first", err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
}

func TestOpenMissingLibrary(t *testing.T) {
	_, err := Open(Options{Library: filepath.Join(t.TempDir(), "none.so")})
	wantRemedies(t, err, ErrNotFound, "none.so")
}

// wantRemedies checks an error about the library: its kind, what it names, and that it names both remedies.
func wantRemedies(t *testing.T, err, kind error, names ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v; want %v", err, kind)
	}
	for _, name := range append(names, "make deps", LibraryEnv) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error %q does not say %q", err, name)
		}
	}
}

func TestProbeRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := probe(text)
	wantRemedies(t, err, ErrLibrary, "text.so")

	_, err = probe(compile(t, "int unrelated(void) { return 1; }"))
	wantRemedies(t, err, ErrLibrary, "OrtGetApiBase")

	_, err = probe(compile(t, fakeLibrary("1.23.2")))
	wantRemedies(t, err, ErrLibrary, "1.23.2", "1.24 or later")
}

func TestProbeAccepts(t *testing.T) {
	if version, err := probe(compile(t, fakeLibrary("1.30.0"))); err != nil || version != "1.30.0" {
		t.Errorf("probe = %q, %v", version, err)
	}
}

// fakeLibrary is a library that only knows its version.
func fakeLibrary(version string) string {
	return `#include <stdint.h>
static const void *api(uint32_t v) { return 0; }
static const char *version(void) { return "` + version + `"; }
static const struct { const void *(*a)(uint32_t); const char *(*v)(void); } base = { api, version };
const void *OrtGetApiBase(void) { return &base; }`
}

func compile(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	file, library := filepath.Join(dir, "fake.c"), filepath.Join(dir, "libfake.so")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	compiler := os.Getenv("CC") // cgo has compiled this very test, so there is one
	if compiler == "" {
		compiler = "cc"
	}
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", library, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return library
}

func TestCheckVersion(t *testing.T) {
	for version, good := range map[string]bool{
		"1.24.0": true, "1.27.0": true, "1.30.1": true, "1.24": true, "1.100.0-dev": true,
		"1.23.2": false, "1.9.0": false, "2.0.0": false, "0.30.0": false, "": false, "newest": false,
	} {
		if err := checkVersion(version); (err == nil) != good {
			t.Errorf("version %q: %v", version, err)
		}
	}
}

func TestFindEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(LibraryEnv, filepath.Join(dir, "none.so"))
	_, err := Find()
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), LibraryEnv+"="+dir) {
		t.Errorf("a missing file: %v", err)
	}
	t.Setenv(LibraryEnv, dir)
	if _, err := Find(); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "is a folder without") {
		t.Errorf("an empty folder: %v", err)
	}
	library := filepath.Join(dir, libraryNames()[1])
	if err := os.WriteFile(library, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(); got != library {
		t.Errorf("a folder with a library: %q, %v", got, err)
	}
	t.Setenv(LibraryEnv, library)
	if got, err := Find(); got != library {
		t.Errorf("a library: %q, %v", got, err)
	}
}

// TestNamedFolder: a folder that somebody names may hold a library of any version, under a name with brackets too.
func TestNamedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my [libs]*")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	names := map[string][2]string{"linux": {"libonnxruntime.so.1.9.1", "libonnxruntime.so.1.31.1"}, "darwin": {"libonnxruntime.1.9.1.dylib", "libonnxruntime.1.31.1.dylib"}}
	for _, name := range names[runtime.GOOS] {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := filepath.Join(dir, names[runtime.GOOS][1])
	t.Setenv(LibraryEnv, dir)
	if got, err := Find(); got != want {
		t.Errorf("Find = %q, %v; want %q", got, err, want)
	}
	if got, err := locate(dir); filepath.Base(got) != filepath.Base(want) {
		t.Errorf("locate = %q, %v; want %q", got, err, want)
	}
	if _, err := locate(t.TempDir()); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "is a folder without") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestFindFromWorkingDirectory(t *testing.T) {
	t.Setenv(LibraryEnv, "")
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(root, "some", "package")
	for _, dir := range []string{deep, filepath.Join(root, "build", "lib")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	library := filepath.Join(root, "build", "lib", libraryNames()[0])
	for _, file := range []string{filepath.Join(root, "go.mod"), library} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(deep)
	if got, err := Find(); got != library {
		t.Errorf("Find = %q, %v; want %q", got, err, library)
	}
}

func TestFindNothing(t *testing.T) {
	t.Setenv(LibraryEnv, "")
	t.Chdir(t.TempDir())
	for _, dir := range systemDirs() {
		if path, ok := libraryIn(dir); ok {
			t.Skipf("this system has a library of its own: %s", path)
		}
	}
	_, err := Find()
	wantRemedies(t, err, ErrNotFound)
}

// TestFolderOfTheLibrary: a folder is as good as the file in it.
func TestFolderOfTheLibrary(t *testing.T) {
	r := open(t)
	if got, err := locate(filepath.Dir(r.Path())); err != nil || got != r.Path() {
		t.Errorf("%s, %v; want %s", got, err, r.Path())
	}
	if _, err := locate(t.TempDir()); !errors.Is(err, ErrNotFound) {
		t.Errorf("an empty folder: %v; want %v", err, ErrNotFound)
	}
}

func TestCheckProvider(t *testing.T) {
	r := open(t)
	for _, usable := range append(r.Providers(), "", "CPU") {
		if err := r.CheckProvider(usable); err != nil {
			t.Errorf("%q: %v", usable, err)
		}
	}
	err := r.CheckProvider("abacus")
	if !errors.Is(err, ErrProvider) || !strings.Contains(err.Error(), "this library, "+r.Version()+", has cpu") {
		t.Errorf("an unknown provider: %v; want ErrProvider and what the library has", err)
	}
}
