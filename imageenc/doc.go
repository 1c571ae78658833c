// Package imageenc turns pixel values into unit vectors: the image tower.
//
// Package preprocess makes the pixel values, package models loads the tower, package batch queues requests.
package imageenc
