// Package heif decodes HEIC and AVIF: the still pictures of phones and of the web that live in boxes of the ISO base
// media format (ISO/IEC 23008-12).
//
// HEIC is decoded by package hevc, below this one: coded pictures, and grids of such, whose tiles share out the processors.
// AVIF, and HEIC that package hevc leaves, is decoded by libavif with libaom and by libheif with libde265, compiled to
// WebAssembly and run by wazero: no C compiler, nothing to install, and whatever a hostile file does to them stays in a sandbox
// with bounded memory and time. The modules come with the Go packages gen2brain/heic and gen2brain/avif. This package calls them
// itself, because those packages would load a system's own library in their place, outside of any sandbox.
//
// The boxes are read here, in Go, before a codec sees the file: size, orientation, colour.
package heif
