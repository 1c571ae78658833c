// Package catalog is a collection on this machine: it takes documents in, keeps them, finds them, groups their copies
// and rebuilds its indexes. It composes packages store (the truth), knn (vectors), keyword (words and filters), fusion
// (one ranking out of two) and dedup (copies), which know nothing of each other.
//
// A Library is a data directory with any number of collections, all made by one Encoder. A Catalog is one of them and
// implements space.Index. It is no encoder (packages textenc, imageenc and models) and speaks no HTTP (api/server).
package catalog
