// Package knn finds nearest unit vectors. Flat is exact: it computes every product, with SIMD kernels where the CPU
// has them. Storage is package store's: an index here lives in memory and is filled from there.
//
// Items are known by their ids outside and by slots, small numbers that bitmaps are made of, inside. Filters become
// bitmaps of slots; deleting frees a slot for the next item.
package knn
