// Package dupeset makes pictures, copies of them as people and programs make copies, and pictures that look alike and
// are no copies: what the search for duplicates is measured by. All is drawn from seeds; nothing is read from disk.
// Who files it, encodes it and counts is bench/dupes.
package dupeset
