package heif

import (
	_ "unsafe" // for the links below

	_ "github.com/gen2brain/avif" // holds libavif
	_ "github.com/gen2brain/heic" // holds libheif
)

// The compressed modules that those packages embed. They don't export them.
//
//go:linkname heifModule github.com/gen2brain/heic.heifWasm
var heifModule []byte

//go:linkname avifModule github.com/gen2brain/avif.decodeWasm
var avifModule []byte
