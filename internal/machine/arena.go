package machine

/*
#include <stddef.h>
#include <stdlib.h>

// glibc alone has it; -8 is its M_ARENA_MAX.
extern int mallopt(int option, int value) __attribute__((weak));

// Each thread that asks glibc for memory gets an arena of its own, up to eight for each processor, and each keeps what is free in
// it. The towers' large tensors, made and freed by whichever thread runs, then lie about in all of them: hundreds of megabytes. One
// arena it is, before the first thread is there, unless the user says how many.
__attribute__((constructor)) static void one_arena(void) {
	if (mallopt && !getenv("MALLOC_ARENA_MAX")) mallopt(-8, 1);
}
*/
import "C"
