// Package bench measures package knn on vectors like those of CLIP (package synthetic): recall against speed in each
// tier, the times to build and to open, memory, latency while vectors come in, filters, joins; and beside it, on the
// same vectors in the same run, the peers that Python has. `clipd bench knn` prints what it finds.
package bench
