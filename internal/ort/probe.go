package ort

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// The one struct of ONNX Runtime's C API that never changes (onnxruntime_c_api.h: OrtApiBase).
typedef struct {
	const void *(*GetApi)(uint32_t version);
	const char *(*GetVersionString)(void);
} api_base;

// clipd_probe loads the library and returns its version, or NULL and the step that failed.
static const char *clipd_probe(const char *path, const char **failed) {
	void *handle = dlopen(path, RTLD_LAZY);
	if (!handle) {
		*failed = dlerror();
		return NULL;
	}
	const api_base *(*get)(void) = (const api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
	if (!get) {
		*failed = "it has no symbol OrtGetApiBase";
		dlclose(handle);
		return NULL;
	}
	// The handle stays open: the version string lives in the library.
	return get()->GetVersionString();
}

// clipd_unloadable says why a shared library cannot be loaded; NULL: it can.
static const char *clipd_unloadable(const char *path) {
	void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	if (!handle) {
		return dlerror();
	}
	dlclose(handle);
	return NULL;
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

// minMinor is the oldest library that onnxruntime_go v1.27.0 works with, 1.24: it asks for API version 24.
const minMinor = 24

// probe loads the library and returns its version after checking it. The binding checks too, but says only
// "Error setting ORT API base: 2" of a library that is too old.
func probe(path string) (string, error) {
	cPath := C.CString(path)
	defer C.free(unsafe.Pointer(cPath))
	// dlerror is kept per thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var failed *C.char
	raw := C.clipd_probe(cPath, &failed)
	if raw == nil {
		return "", fmt.Errorf("%w %s: %s; %s", ErrLibrary, path, C.GoString(failed), remedies)
	}
	version := C.GoString(raw)
	if err := checkVersion(version); err != nil {
		return "", fmt.Errorf("%w %s: %w; %s", ErrLibrary, path, err, remedies)
	}
	return version, nil
}

// unloadable says why a shared library cannot be loaded, which the library that wanted it keeps to itself; empty: it can.
func unloadable(path string) string {
	cPath := C.CString(path)
	defer C.free(unsafe.Pointer(cPath))
	// dlerror is kept per thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if why := C.clipd_unloadable(cPath); why != nil {
		return C.GoString(why)
	}
	return ""
}

func checkVersion(version string) error {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(minor)
	if err != nil || major != "1" || n < minMinor {
		return fmt.Errorf("it is version %s; want 1.%d or later, before 2", version, minMinor)
	}
	return nil
}
