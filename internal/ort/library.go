package ort

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// LibraryEnv is the environment variable that names a library of one's own.
const LibraryEnv = "CLIPD_ORT_LIB"

// libraryVersion is the version that `make deps` fetches (scripts/onnxruntime.sh holds the hashes).
const libraryVersion = "1.27.0"

// remedies end every error about the library.
const remedies = "run `make deps` in clipd's source folder to fetch version " + libraryVersion +
	", or set " + LibraryEnv + " to a library of your own"

// libraryNames are the file names looked for, best first.
func libraryNames() []string {
	if runtime.GOOS == "darwin" {
		return []string{"libonnxruntime." + libraryVersion + ".dylib", "libonnxruntime.dylib"}
	}
	return []string{"libonnxruntime.so." + libraryVersion, "libonnxruntime.so.1", "libonnxruntime.so"}
}

// Find says where the library is. It looks, in this order: at $CLIPD_ORT_LIB (a file, or a folder that holds it),
// beside the executable, in ../lib and ../build/lib of its folder, in build/lib of the Go module that the working
// directory belongs to (so that `go test` finds what `make deps` fetched), and in the system's library folders.
// It fails with ErrNotFound, whose text names the remedies. Whether the file works is for Open to say.
func Find() (string, error) {
	if named := os.Getenv(LibraryEnv); named != "" {
		return findNamed(named)
	}
	for _, dir := range libraryDirs() {
		if path, ok := libraryIn(dir); ok {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w; %s", ErrNotFound, remedies)
}

func findNamed(named string) (string, error) {
	info, err := os.Stat(named)
	if err != nil {
		return "", fmt.Errorf("%w: %s=%s: %w; unset it to use the one that `make deps` fetches, or correct it",
			ErrNotFound, LibraryEnv, named, err)
	}
	if !info.IsDir() {
		return named, nil
	}
	if path, ok := libraryInNamed(named); ok {
		return path, nil
	}
	return "", fmt.Errorf("%w: %s=%s is a folder without %s; unset it to use the one that `make deps` fetches, "+
		"or name the file", ErrNotFound, LibraryEnv, named, libraryNames()[0])
}

func libraryIn(dir string) (string, bool) {
	for _, name := range libraryNames() {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, true
		}
	}
	return "", false
}

// libraryInNamed also takes a library of another version: a folder that somebody names holds the one that is meant, as
// capi/ of the Python packages does. Of several, it is the one of the highest version.
func libraryInNamed(dir string) (string, bool) {
	if path, ok := libraryIn(dir); ok {
		return path, true
	}
	pattern := "libonnxruntime.so.1.*"
	if runtime.GOOS == "darwin" {
		pattern = "libonnxruntime.1.*.dylib"
	}
	found, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
	if err != nil || len(found) == 0 {
		return "", false
	}
	return slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(minorOf(a), minorOf(b)) }), true
}

// escapeGlob takes the meaning from a path's characters that Glob would read as a pattern.
func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// minorOf is the minor version in a library's name, 27 of libonnxruntime.so.1.27.0; -1: it has none.
func minorOf(path string) int {
	_, rest, _ := strings.Cut(filepath.Base(path), ".1.")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if err != nil {
		return -1
	}
	return n
}

func libraryDirs() []string {
	var dirs []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		dirs = append(dirs, dir, filepath.Join(dir, "..", "lib"), filepath.Join(dir, "..", "lib", "clipd"),
			filepath.Join(dir, "..", "build", "lib"))
	}
	if root, ok := moduleRoot(); ok {
		dirs = append(dirs, filepath.Join(root, "build", "lib"))
	}
	return append(dirs, systemDirs()...)
}

// moduleRoot is the nearest folder at or above the working directory that holds a go.mod.
func moduleRoot() (string, bool) {
	dir, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", false
		}
		dir = parent
	}
}

func systemDirs() []string {
	if runtime.GOOS == "darwin" {
		return []string{"/usr/local/lib", "/opt/homebrew/lib"}
	}
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	dirs := []string{"/usr/local/lib", "/usr/lib64", "/usr/lib"}
	if triplet != "" {
		dirs = slices.Insert(dirs, 1, filepath.Join("/usr/lib", triplet))
	}
	return dirs
}
