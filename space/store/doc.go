// Package store is the truth of a collection: items, vectors, thumbnails, the state of their source files, a log of
// changes and the user's decisions, in one Pebble database. Every index is a cache that can be rebuilt from it.
//
// An acknowledged write survives kill -9 and power loss: each batch is one atomic, fsynced commit. Every value carries
// a version and a CRC-32C over its key and content; docs/formats.md describes the bytes.
//
// It finds nothing by nearness or words (packages knn and keyword) and takes no lock against other processes beyond
// Pebble's own (package catalog).
package store
