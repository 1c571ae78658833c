// Package jpeg decodes JPEG as libjpeg-turbo does by default, level for level: baseline and progressive Huffman
// streams of 8-bit samples; grey, YCbCr, RGB, CMYK and YCCK; the accurate integer inverse DCT (jidctint.c) and "fancy"
// chroma upsampling (jdsample.c). Pillow, and with it every CLIP pipeline, sees the same pixels.
//
// A large photograph can be decoded at 1/2, 1/4 or 1/8 of its size: then only the lowest frequencies of each block
// are read, and the rest of the stream is skipped through a table several symbols at a time. That is what makes it
// faster than a decoder in C that reads them all. Blocks are read in strips of a few MCUs, whose coefficients become
// samples while they are still near; reading a strip is one loop without a call (blocksBMI2 on amd64).
//
// It decodes no metadata and turns nothing upright: that is package preprocess's.
package jpeg
