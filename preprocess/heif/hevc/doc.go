// Package hevc decodes still pictures coded by HEVC (ITU-T H.265, version 8 of 2021): one picture of intra-predicted slices,
// as HEIC files hold them, in the profiles Main, Main 10 and Main Still Picture, and what x265 writes of the format range
// extensions: 4:0:0, 4:2:2 and 4:4:4, 8 to 12 bits. Samples are equal to those of the specification's decoding process.
//
// What it doesn't know for certain it refuses with ErrUnsupported: pictures predicted of others, the tools of the range
// extensions, separate colour planes. Sections that comments name are those of the specification.
package hevc
