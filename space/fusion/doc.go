// Package fusion makes one ranking out of two, that of a vector index and that of a keyword index: by reciprocal rank
// or by a convex combination of scores. It consists of pure functions; package catalog brings the lists.
package fusion
