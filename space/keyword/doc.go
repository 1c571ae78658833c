// Package keyword finds items by their words and keeps them by their fields: full text over text, file name and
// metadata, and the exact evaluation of a space.Filter.
//
// It is a cache of package store's items: a lost or damaged index is rebuilt from them, and Sequence says how far
// it has come. It knows nothing of vectors (package knn) and joins no rankings (package fusion).
// It is the only importer of bleve.
package keyword
