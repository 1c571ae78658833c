// Package dedup finds copies among images: the same file, the same pixels, the same picture re-encoded, resized,
// mirrored, rotated, tilted, cropped, framed or written on. It groups them, and says by which evidence. Two different
// photographs of one scene are similar, not copies: it groups those apart.
//
// It keeps nothing and reads no files: package catalog gives it the items, the vector index's self-join and the
// thumbnails. Which copy is kept is for package keep.
package dedup
