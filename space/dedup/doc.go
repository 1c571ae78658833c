// Package dedup finds copies among images: the same file, the same pixels, the same picture re-encoded, resized,
// mirrored, rotated or cropped. It groups them, and says by which evidence.
//
// It keeps nothing and reads no files: package catalog gives it the items, the vector index's self-join and the
// thumbnails. Two different photographs of one scene are similar, not copies: package knn finds those.
package dedup
