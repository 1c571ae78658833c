// Package space holds the nouns of the shared vector space: Vector, Item, Filter, Query, Hit, Group and the
// Index interface that a collection lives behind.
//
// It is a leaf: it imports nothing of clipd, computes nothing expensive and stores nothing. Encoders that make
// vectors are packages textenc and imageenc; a collection on this machine is package catalog.
package space
