"""Makes the goldens of package preprocess: small pictures in many formats, and what Pillow and transformers make of them.

Run it in an environment of its own:

    python3 -m venv venv && venv/bin/pip install pillow==11.3.0 numpy==2.4.6 transformers==4.57.6 \
        pillow-heif==1.8.1 simplejpeg==1.9.0
    venv/bin/python make.py

Pillow 13 resizes pictures whose height shrinks most vertically first, which moves some samples by one level; models were
trained with the order of the versions before. Pictures of 16-bit grey aren't here: Pillow clips them to white.

It writes beside itself: decode/NAME.EXT with decode/NAME.EXT.png (the upright RGB pixels by Pillow),
resample/*.png, and pixels.json.gz (pixel values by transformers' image processors and by torchvision's arithmetic).
"""

import json
import pathlib
import struct
import zlib

import numpy as np
import PIL
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent


def scene(width, height, seed=1):
    """Smooth colours, hard edges of saturated colour, and some noise: what chroma upsampling and resizing differ on."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    img = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), 127 + 127 * np.sin(x / 3.0 + y / 5.0)], -1)
    img[(x // 6 + y // 5) % 3 == 0] = (250, 20, 30)
    img[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 4) ** 2] = (10, 40, 240)
    img += rng.normal(0, 6, img.shape)
    return Image.fromarray(np.clip(img, 0, 255).astype(np.uint8), "RGB")


def png(path, width, height, depth, kind, rows, extra=b""):
    """A PNG with any bit depth; rows are the unfiltered bytes."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    body = b"".join(b"\0" + r for r in rows)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
                     + extra + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b""))


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def make_inputs(folder):
    folder.mkdir(exist_ok=True)
    img = scene(41, 31)
    alpha = Image.fromarray((np.mgrid[0:31, 0:41][1] * 6).astype(np.uint8), "L")
    rgba = img.copy()
    rgba.putalpha(alpha)
    for name, sampling in (("444", 0), ("422", 1), ("420", 2)):
        img.save(folder / f"rgb{name}.jpg", quality=90, subsampling=sampling)
    img.save(folder / "progressive.jpg", quality=85, subsampling=2, progressive=True)
    img.save(folder / "restart.jpg", quality=85, subsampling=2, restart_marker_blocks=2)
    img.convert("L").save(folder / "grey.jpg", quality=90)
    img.convert("CMYK").save(folder / "cmyk.jpg", quality=95)
    for size in ((1, 1), (2, 2), (3, 3), (5, 2), (2, 5), (17, 16), (16, 17)):
        scene(*size).save(folder / f"small{size[0]}x{size[1]}.jpg", quality=90, subsampling=2)
    scene(5, 4).save(folder / "small5x4h2v1.jpg", quality=90, subsampling=1)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        img.save(folder / f"orientation{orientation}.jpg", quality=90, subsampling=0, exif=exif)

    img.save(folder / "rgb.png")
    rgba.save(folder / "rgba.png")
    img.convert("L").save(folder / "grey.png")
    rgba.convert("LA").save(folder / "greyalpha.png")
    img.quantize(37).save(folder / "palette.png")
    img.convert("1").save(folder / "bilevel.png")
    rng = np.random.default_rng(7)
    rgb16 = rng.integers(0, 65536, (9, 11, 3)).astype(">u2")
    png(folder / "rgb16.png", 11, 9, 16, 2, [r.tobytes() for r in rgb16])
    rgba16 = rng.integers(0, 65536, (9, 11, 4)).astype(">u2")
    png(folder / "rgba16.png", 11, 9, 16, 6, [r.tobytes() for r in rgba16])
    png(folder / "grey4.png", 12, 9, 4, 0, [rng.integers(0, 256, 6).astype(np.uint8).tobytes() for _ in range(9)])
    png(folder / "grey2.png", 12, 9, 2, 0, [rng.integers(0, 256, 3).astype(np.uint8).tobytes() for _ in range(9)])
    palette = rng.integers(0, 256, 48).astype(np.uint8).tobytes()
    png(folder / "palettealpha.png", 12, 9, 4, 3, [rng.integers(0, 256, 6).astype(np.uint8).tobytes() for _ in range(9)],
        chunk(b"PLTE", palette) + chunk(b"tRNS", bytes(range(0, 160, 10))))

    img.save(folder / "lossy.webp", quality=80)
    rgba.save(folder / "lossyalpha.webp", quality=80)
    img.save(folder / "lossless.webp", lossless=True)
    rgba.save(folder / "losslessalpha.webp", lossless=True, exact=True)
    scene(1, 1).save(folder / "small1x1.webp", quality=80)
    scene(2, 3).save(folder / "small2x3.webp", quality=80)
    img.save(folder / "animated.webp", save_all=True, append_images=[scene(41, 31, 2)], quality=80)
    img.quantize(64).save(folder / "still.gif")
    img.quantize(64).save(folder / "animated.gif", save_all=True, append_images=[scene(41, 31, 2).quantize(64)])
    img.save(folder / "rgb.bmp")
    rgba.save(folder / "rgba.bmp")
    img.quantize(16).save(folder / "palette.bmp")
    img.save(folder / "rgb.tiff")
    rgba.save(folder / "rgba.tiff")
    img.save(folder / "lzw.tiff", compression="tiff_lzw")
    img.save(folder / "deflate.tiff", compression="tiff_adobe_deflate")
    img.convert("L").save(folder / "grey.tiff")


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def interlaced(path, samples, kind):
    """An interlaced PNG of 8 or 16 bits a sample."""
    depth = 8 * samples.dtype.itemsize
    rows = [row.astype(f">u{samples.dtype.itemsize}").tobytes() for left, top, dx, dy in ADAM7
            for row in samples[top::dy, left::dx] if row.size]
    png(path, samples.shape[1], samples.shape[0], depth, kind, rows)
    data = bytearray(path.read_bytes())
    data[28] = 1  # the last byte of IHDR
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    path.write_bytes(data)


def calm(width, height, seed=1):
    """A photograph's kind of picture: fine detail in brightness, coarse in colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    img = np.stack([60 + 120 * x / width, 50 + 130 * y / height, 120 + 60 * np.sin(x / 19.0 + y / 27.0)], -1)
    img += 25 * ((x // 9 + y // 7) % 2)[..., None] + rng.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(img, 0, 255).astype(np.uint8), "RGB")


def make_more(folder):
    """What make_inputs leaves out: rarer JPEG, PNG and TIFF; extreme shapes; AVIF and HEIC."""
    import pillow_heif
    import simplejpeg
    pillow_heif.register_heif_opener()
    img = scene(41, 31)
    pixels = np.asarray(img)
    rng = np.random.default_rng(8)
    for sampling in ("411", "440"):
        (folder / f"rgb{sampling}.jpg").write_bytes(simplejpeg.encode_jpeg(pixels, quality=90, colorsubsampling=sampling))
    data = (folder / "cmyk.jpg").read_bytes()
    at = data.index(b"Adobe") + 11
    (folder / "ycck.jpg").write_bytes(data[:at] + b"\2" + data[at + 1:])
    img.save(folder / "adobergb.jpg", quality=90, keep_rgb=True)
    img.save(folder / "progressiverestart.jpg", quality=60, subsampling=1, progressive=True, restart_marker_rows=1)
    for width, height in ((5000, 1), (1, 5000), (4999, 3)):
        scene(width, height).save(folder / f"strip{width}x{height}.jpg", quality=60)
    scene(3, 1999).save(folder / "strip3x1999.webp", quality=60)
    interlaced(folder / "interlaced.png", pixels, 2)
    interlaced(folder / "interlacedrgba16.png", rng.integers(0, 65536, (9, 11, 4)).astype(np.uint16), 6)
    interlaced(folder / "interlaced2x3.png", pixels[:3, :2], 2)
    for compression in ("packbits", "group3", "group4"):
        source = img if compression == "packbits" else img.convert("1")
        source.save(folder / f"{compression}.tiff", compression="packbits" if compression == "packbits" else compression)

    photo = calm(90, 70)
    clear = photo.copy()
    clear.putalpha(Image.fromarray((np.mgrid[0:70, 0:90][1] * 2).astype(np.uint8), "L"))
    for sampling in ("4:2:0", "4:2:2", "4:4:4"):
        photo.save(folder / f"photo{sampling.replace(':', '')}.avif", quality=80, subsampling=sampling)
    img.save(folder / "saturated.avif", quality=90)
    photo.save(folder / "video.avif", quality=80, range="limited")
    photo.crop((0, 0, 89, 69)).save(folder / "odd.avif", quality=80)
    clear.save(folder / "alpha.avif", quality=80)
    photo.convert("L").save(folder / "grey.avif", quality=80)
    photo.save(folder / "animated.avif", quality=80, save_all=True, append_images=[calm(90, 70, 2)])
    small = photo.resize((24, 16))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        small.save(folder / f"orientation{orientation}.avif", quality=80, exif=exif)
    for sampling in (420, 422, 444):
        photo.save(folder / f"photo{sampling}.heic", quality=80, chroma=sampling)
    for matrix, full in ((1, 0), (1, 1), (6, 0), (9, 0)):
        photo.save(folder / f"matrix{matrix}{'full' if full else 'video'}.heic", quality=80, chroma=444, matrix_coefficients=matrix, full_range_flag=full)
    photo.crop((0, 0, 89, 69)).save(folder / "odd.heic", quality=80)
    clear.save(folder / "alpha.heic", quality=80)
    photo.convert("L").save(folder / "grey.heic", quality=80)
    deep = np.asarray(photo).astype(np.uint16) * 257
    pillow_heif.from_bytes(mode="RGB;16", size=photo.size, data=deep.tobytes()).save(folder / "10bit420.heic", quality=80)
    # Turned and mirrored by its boxes, as phones do it: in the place of the colour description, which says nothing that
    # is not the default.
    data = (folder / "photo444.heic").read_bytes()
    for name, box in (("irot1", b"irot\1"), ("irot2", b"irot\2"), ("irot3", b"irot\3"), ("imir0", b"imir\0"), ("imir1", b"imir\1")):
        at = data.index(b"colrnclx")
        (folder / f"{name}.heic").write_bytes(data[:at] + box + b"\0" * 3 + data[at + 8:])


def decoded(path):
    with Image.open(path) as img:
        img.load()
        return ImageOps.exif_transpose(img).convert("RGB")


def make_resample(folder):
    folder.mkdir(exist_ok=True)
    source = scene(53, 37, 3)
    source.save(folder / "source.png")
    for name in ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"):
        for width, height in ((17, 11), (80, 60), (53, 20), (21, 37), (1, 1)):
            source.resize((width, height), getattr(Image.Resampling, name.upper())).save(folder / f"{name}-{width}x{height}.png")


CONFIGS = {
    "clip": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}, "resample": 3},
    "clip-odd": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 25}, "crop_size": {"height": 20, "width": 20}, "resample": 3},
    "clip-padded": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 20}, "crop_size": {"height": 27, "width": 27}, "resample": 2},
    "siglip": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 24, "width": 24}, "resample": 2,
               "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]},
    "unnormalised": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 24}, "crop_size": 24, "do_normalize": False, "resample": 2},
}
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def transformers_pixels(name, config, img):
    import transformers
    config.setdefault("image_mean", MEAN)
    config.setdefault("image_std", STD)
    processor = getattr(transformers, config["image_processor_type"])(**{k: v for k, v in config.items() if k != "image_processor_type"})
    return processor(img, return_tensors="np")["pixel_values"][0]


def open_clip_pixels(size, img):
    """open_clip's transform for "shortest": torchvision's Resize and CenterCrop on a Pillow image, written out."""
    width, height = img.size
    if width <= height:
        resized = (size, int(size * height / width))
    else:
        resized = (int(size * width / height), size)
    img = img.resize(resized, Image.Resampling.BICUBIC)
    left, top = int(round((resized[0] - size) / 2.0)), int(round((resized[1] - size) / 2.0))
    img = img.crop((left, top, left + size, top + size))
    values = np.asarray(img).astype(np.float32).transpose(2, 0, 1) / np.float32(255)
    return (values - np.array(MEAN, np.float32)[:, None, None]) / np.array(STD, np.float32)[:, None, None]


def make_pixels(path):
    import transformers
    cases = []
    for width, height in ((41, 31), (31, 43), (24, 24), (100, 7), (7, 90)):
        img = scene(width, height, 5)
        for name, config in CONFIGS.items():
            config = dict(config)
            values = transformers_pixels(name, config, img)
            cases.append(("preprocessor_config.json", name, config, width, height, img, values))
        config = {"size": 21, "mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"}
        cases.append(("preprocess_cfg.json", "open_clip", config, width, height, img, open_clip_pixels(21, img)))
    out = {"pillow": PIL.__version__, "transformers": transformers.__version__, "numpy": np.__version__, "cases": []}
    for file, name, config, width, height, img, values in cases:
        out["cases"].append({"name": f"{name}-{width}x{height}", "file": file, "config": config, "width": width, "height": height,
                             "rgb": np.asarray(img).tobytes().hex(), "shape": list(values.shape),
                             "values": np.ascontiguousarray(values, np.float32).tobytes().hex()})
    path.write_bytes(__import__("gzip").compress(json.dumps(out).encode(), mtime=0))


if __name__ == "__main__":
    make_inputs(HERE / "decode")
    make_more(HERE / "decode")
    for path in sorted((HERE / "decode").iterdir()):
        if path.suffix != ".png" or path.name.count(".") == 1:
            decoded(path).save(HERE / "decode" / (path.name + ".png"), optimize=True)
    make_resample(HERE / "resample")
    make_pixels(HERE / "pixels.json.gz")
    print("Pillow", PIL.__version__)
