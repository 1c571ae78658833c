// Package preprocess turns the bytes of an image file into the pixel values that an image tower wants.
//
// Decode makes an upright, opaque Picture of the bytes, after checking limits on the header alone. Spec, read from a
// model folder by ReadSpec, is that model's geometry and colour: Spec.Pixels resizes, crops and normalises a Picture.
// Pillow is the reference for every step; how near each comes is said beside it. JPEG has a package of its own below.
//
// It runs no model (package imageenc does) and knows nothing of collections.
package preprocess
