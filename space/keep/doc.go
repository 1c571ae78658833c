// Package keep says which of several copies of a picture stays, and why, in words for people: pure functions of what is
// known about the pictures. What is a copy is package dedup's to say; files are touched by the command line alone.
package keep
