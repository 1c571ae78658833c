package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// webpChunk is one chunk of a RIFF file: four letters and its content.
type webpChunk struct {
	name    string
	content []byte
}

// webpChunks splits the body of a RIFF file; a chunk that ends too early is cut and ends the list.
func webpChunks(body []byte) []webpChunk {
	var chunks []webpChunk
	for len(body) >= 8 {
		size := int(binary.LittleEndian.Uint32(body[4:8]))
		end := min(8+size, len(body))
		if size < 0 || end < 8 {
			return chunks
		}
		chunks = append(chunks, webpChunk{string(body[:4]), body[8:end]})
		body = body[min(end+size&1, len(body)):]
	}
	return chunks
}

const (
	webpAnimated = 1 << 1 // flags of a VP8X chunk
	webpAlpha    = 1 << 4
)

// webpConfig reads the canvas size; unlike x/image/webp also of an animation.
func webpConfig(r io.Reader) (image.Config, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return image.Config{}, err
	}
	if width, height, ok := animatedCanvas(data); ok {
		return image.Config{Width: width, Height: height}, nil
	}
	return webp.DecodeConfig(bytes.NewReader(data))
}

// animatedCanvas is the canvas of an animated WebP; false for a still one.
func animatedCanvas(data []byte) (width, height int, ok bool) {
	if len(data) < 30 || string(data[12:16]) != "VP8X" || data[20]&webpAnimated == 0 {
		return 0, 0, false
	}
	return uint24(data[24:]) + 1, uint24(data[27:]) + 1, true
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// decodeWebP decodes a still WebP, or the first frame of an animated one on a black canvas.
func decodeWebP(data []byte, config image.Config) (image.Image, error) {
	if _, _, animated := animatedCanvas(data); !animated {
		return decodeStillWebP(data)
	}
	for _, chunk := range webpChunks(data[12:]) {
		if chunk.name == "ANMF" {
			return decodeWebPFrame(chunk.content, config)
		}
	}
	return nil, errors.New("an animation without a frame")
}

// decodeWebPFrame decodes the content of an ANMF chunk: place and size in 24-bit words, then a still picture's chunks.
func decodeWebPFrame(frame []byte, config image.Config) (image.Image, error) {
	if len(frame) < 16 {
		return nil, io.ErrUnexpectedEOF
	}
	at := image.Pt(2*uint24(frame), 2*uint24(frame[3:]))
	still := stillWebP(frame[6:12], frame[16:])
	size, err := webp.DecodeConfig(bytes.NewReader(still))
	if err != nil {
		return nil, err
	}
	if at.X+size.Width > config.Width || at.Y+size.Height > config.Height {
		return nil, errors.New("the first frame lies outside of the canvas")
	}
	img, err := decodeStillWebP(still)
	if err != nil {
		return nil, err
	}
	canvas := blackCanvas(config.Width, config.Height)
	place(canvas, opaque(img), at)
	return canvas, nil
}

// stillWebP wraps a frame's chunks into a file of their own; size are width-1 and height-1 as in VP8X.
func stillWebP(size, chunks []byte) []byte {
	var flags byte
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		flags = webpAlpha
	}
	body := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), flags, 0, 0, 0)
	body = append(append(body, size...), chunks...)
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	return append(head, body...)
}

// decodeStillWebP decodes one picture. x/image/webp hands out VP8's video-range YCbCr, which image.YCbCr would show as
// JPEG's full range; hence the conversion here.
func decodeStillWebP(data []byte) (image.Image, error) {
	img, err := webp.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch src := img.(type) {
	case *image.YCbCr:
		return vp8ToRGBA(src), nil
	case *image.NYCbCrA:
		return vp8ToRGBA(&src.YCbCr), nil
	}
	return img, nil
}

// vp8ToRGBA converts VP8's 4:2:0 as libwebp does, which Pillow uses: "fancy" upsampling (dsp/upsampling.c) and
// BT.601 video range in 14-bit fixed point (dsp/yuv.h).
func vp8ToRGBA(src *image.YCbCr) *image.RGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	chromaWidth, chromaHeight := (width+1)/2, (height+1)/2
	line := func(plane []uint8, y int) []uint8 {
		y = min(max(y, 0), chromaHeight-1)
		return plane[y*src.CStride : y*src.CStride+chromaWidth]
	}
	u, v := make([]uint8, width+1), make([]uint8, width+1)
	for y := range height {
		near, far := y/2, y/2-1+2*(y%2)
		vp8Upsample(u, line(src.Cb, near), line(src.Cb, far))
		vp8Upsample(v, line(src.Cr, near), line(src.Cr, far))
		vp8Row(dst.Pix[y*dst.Stride:y*dst.Stride+4*width], src.Y[y*src.YStride:y*src.YStride+width], u, v)
	}
	return dst
}

// vp8Upsample interpolates a chroma row: 9/16 of the nearest sample, 3/16 of two, 1/16 of the last, in the two
// rounding steps of libwebp's UPSAMPLE_FUNC.
func vp8Upsample(dst, near, far []uint8) {
	last := len(near) - 1
	dst[0] = uint8((3*int(near[0]) + int(far[0]) + 2) >> 2)
	for i := range last {
		n0, n1, f0, f1 := int(near[i]), int(near[i+1]), int(far[i]), int(far[i+1])
		sum := n0 + n1 + f0 + f1 + 8
		besideN0 := (sum + 2*(n1+f0)) >> 3
		besideN1 := (sum + 2*(n0+f1)) >> 3
		dst[2*i+1] = uint8((besideN0 + n0) >> 1)
		dst[2*i+2] = uint8((besideN1 + n1) >> 1)
	}
	dst[2*last+1] = uint8((3*int(near[last]) + int(far[last]) + 2) >> 2)
}

func vp8Row(dst, luma, u, v []uint8) {
	for x, l := range luma {
		y := int32(l) * 19077 >> 8
		cb, cr := int32(u[x]), int32(v[x])
		p := dst[4*x : 4*x+4 : 4*x+4]
		p[0] = clamp8((y + cr*26149>>8 - 14234) >> 6)
		p[1] = clamp8((y - cb*6419>>8 - cr*13320>>8 + 8708) >> 6)
		p[2] = clamp8((y + cb*33050>>8 - 17685) >> 6)
		p[3] = 255
	}
}
