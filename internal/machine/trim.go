package machine

/*
#include <stddef.h>
// glibc alone has it.
extern int malloc_trim(size_t pad) __attribute__((weak));
static void trim(void) { if (malloc_trim) malloc_trim(0); }
*/
import "C"

import "runtime/debug"

// Trim gives memory that is free in this process back to the system, Go's and C's. It takes some milliseconds.
func Trim() {
	debug.FreeOSMemory()
	C.trim()
}
