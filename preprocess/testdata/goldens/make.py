"""Makes the goldens of package preprocess: small pictures in many formats, and what Pillow and transformers make of them.

make.sh runs it, with the versions that requirements.txt names.

Pillow 13 resizes pictures whose height shrinks most vertically first, which moves some samples by one level; models were
trained with the order of the versions before. Pictures of 16-bit grey aren't here: Pillow clips them to white.

It writes into the folder above: decode/NAME.EXT with decode/NAME.EXT.png (the upright RGB pixels by Pillow),
resample/*.png, and pixels.json.gz (pixel values by transformers' image processors and by torchvision's arithmetic).
"""

import io
import json
import pathlib
import struct
import zlib

import imagecodecs
import numpy as np
import PIL
import pillow_heif
import simplejpeg
from PIL import Image, ImageOps
from scenes import calm, scene

pillow_heif.register_heif_opener()

HERE = pathlib.Path(__file__).resolve().parent.parent


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


def without_times(path):
    """A film's boxes say when it was made: here, never."""
    data = bytearray(path.read_bytes())
    for name in (b"mvhd", b"tkhd", b"mdhd"):
        at = data.index(name) + 4
        length = 16 if data[at] == 1 else 8
        data[at + 4:at + 4 + length] = bytes(length)
    path.write_bytes(data)


def make_more(folder):
    """What make_inputs leaves out: rarer JPEG, PNG and TIFF; extreme shapes; AVIF and HEIC."""
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
    without_times(folder / "animated.avif")
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


# What no encoder writes for us is put together here: HEIF's boxes around pictures that one coded.

def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def full(name, version, flags, *parts):
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def content(data, name):
    """The content of the first box of this name, wherever it is."""
    at = data.index(name)
    return data[at + 4:at - 4 + struct.unpack(">I", data[at - 4:at])[0]]


def coded(img, **options):
    """A picture as an encoder codes it: (kind of item, its configuration, its data)."""
    out = io.BytesIO()
    img.save(out, **options)
    data = out.getvalue()
    kind, configuration = {"HEIF": (b"hvc1", b"hvcC"), "AVIF": (b"av01", b"av1C")}[options["format"]]
    return kind, box(configuration, content(data, configuration)), content(data, b"mdat")


def nclx(primaries, matrix, full_range):
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, 13, matrix, 128 * full_range))


def clap(width, height, right, down):
    """A cut of this size whose centre lies so many pixels right of and below the picture's, which may be halves."""
    return box(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, int(2 * right), 2, int(2 * down), 2))


def heif(tiles, size, properties, columns=1, rows=1, derived=None, of_tiles=()):
    """A file of one picture, or of one that is derived of several: derived is the kind of its item."""
    kind, configuration, _ = tiles[0]
    assert all(t[1] == configuration for t in tiles), "tiles are configured alike"
    width, height = size
    tile_size = of_tiles[0] if of_tiles else box(b"ispe", struct.pack(">III", 0, width, height))
    pool, numbers = [], {}

    def numbered(properties):
        for p in properties:
            if p not in numbers:
                pool.append(p)
                numbers[p] = len(pool)
        return [numbers[p] for p in properties]

    own = [tile_size, configuration, *(of_tiles[1:] if derived else properties)]
    given = [(i + 2 if derived else 1, numbered(own)) for i in range(len(tiles))]
    if derived:
        given.insert(0, (1, numbered([box(b"ispe", struct.pack(">III", 0, width, height)), *properties])))
    infos = [full(b"infe", 2, 0, struct.pack(">HH", i, 0), kind if not derived or i > 1 else derived, b"\0") for i, _ in given]
    description = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height) if derived == b"grid" else b""
    ipma = b"".join(struct.pack(">HB", i, len(p)) + bytes(p) for i, p in given)

    def meta(start):
        places = struct.pack(">HHHHII", 1, 1, 0, 1, 0, len(description)) if description else b""
        for i, (_, _, data) in enumerate(tiles):
            places += struct.pack(">HHHHII", i + 2 if derived else 1, 0, 0, 1, start, len(data))
            start += len(data)
        return full(b"meta", 0, 0,
                    full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
                    full(b"pitm", 0, 0, struct.pack(">H", 1)),
                    full(b"iloc", 1, 0, struct.pack(">BBH", 0x44, 0, len(tiles) + bool(description)), places),
                    full(b"iinf", 0, 0, struct.pack(">H", len(infos)), *infos),
                    full(b"iref", 0, 0, box(b"dimg", struct.pack(f">HH{len(tiles)}H", 1, len(tiles), *range(2, len(tiles) + 2)))) if derived else b"",
                    box(b"iprp", box(b"ipco", *pool), full(b"ipma", 0, 0, struct.pack(">I", len(given)), ipma)),
                    box(b"idat", description) if description else b"")

    brand = b"heic" if kind == b"hvc1" else b"avif"
    head = box(b"ftyp", brand, bytes(4), b"mif1", brand)
    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *(t[2] for t in tiles))


def in_tiles(img, columns, rows, side, **options):
    return [coded(img.crop((side * x, side * y, side * x + side, side * y + side)), **options) for y in range(rows) for x in range(columns)]


def make_heif(folder):
    """Tiles, cuts, turns, deep samples and rare matrices: what phones and cameras write."""
    heic, avif = {"format": "HEIF", "quality": 70}, {"format": "AVIF", "quality": 70, "subsampling": "4:2:0"}
    square = box(b"ispe", struct.pack(">III", 0, 64, 64))
    turned, mirrored = box(b"irot", b"\1"), box(b"imir", b"\0")
    tiles = in_tiles(calm(192, 128, 3), 3, 2, 64, **heic)
    # The size of a grid may be less than its tiles', and a phone's files have an ICC profile in the place of numbers.
    (folder / "grid.heic").write_bytes(heif(tiles, (150, 101), [], 3, 2, b"grid", [square, nclx(1, 6, 1)]))
    (folder / "gridturned.heic").write_bytes(heif(tiles, (150, 101), [turned], 3, 2, b"grid", [square]))
    (folder / "gridvideo.heic").write_bytes(heif(in_tiles(calm(128, 64, 4), 2, 1, 64, full_range_flag=0, matrix_coefficients=1, **heic),
                                                 (128, 64), [nclx(1, 1, 0)], 2, 1, b"grid", [square]))
    grey = [coded(calm(64, 64, 4).convert("L"), **heic)] * 2
    (folder / "gridgrey.heic").write_bytes(heif(grey, (120, 60), [], 2, 1, b"grid", [square]))
    one = coded(calm(64, 64, 5), **heic)
    (folder / "derived.heic").write_bytes(heif([one], (64, 64), [mirrored], 1, 1, b"iden", [square]))
    (folder / "clap.heic").write_bytes(heif([one], (64, 64), [clap(41, 30, -3.5, 5)]))
    (folder / "clapturned.heic").write_bytes(heif([one], (64, 64), [clap(40, 30, 8, -5), turned, mirrored]))
    wide = coded(calm(64, 64, 5), chroma=444, **heic)
    for matrix, full_range in ((0, 1), (2, 1), (4, 1), (5, 0), (7, 1), (9, 1), (10, 0)):
        name = f"told{matrix}{'full' if full_range else 'video'}"
        (folder / f"{name}.heic").write_bytes(heif([wide], (64, 64), [nclx(1, matrix, full_range)]))
    (folder / "told1video420.heic").write_bytes(heif([one], (64, 64), [nclx(1, 1, 0)]))
    # Cut between samples of chroma, and turned with an odd number of rows.
    for name, cut, then in (("clapodd", clap(41, 30, -8.5, 0), []), ("clapoddturned", clap(40, 31, 0, 3.5), [turned])):
        (folder / f"{name}.heic").write_bytes(heif([one], (64, 64), [cut, *then]))
    halved = coded(calm(64, 64, 5), chroma=422, **heic)
    (folder / "clapodd422.heic").write_bytes(heif([halved], (64, 64), [clap(39, 30, -1.5, 2), mirrored]))
    # Tools of the codec that a plain picture doesn't need.
    grain = np.random.default_rng(6).integers(-60, 60, (80, 96, 3))
    grain[:, :48] = 0
    drawing = Image.fromarray(np.clip(np.asarray(calm(96, 80, 6)).astype(int) + grain, 0, 255).astype(np.uint8))
    for name, chroma, tools in (
        ("tools420", 420, {"ctu": 64, "wpp": 1, "aq-mode": 1, "aq-strength": 3, "qg-size": 8, "cbqpoffs": 5, "crqpoffs": -7, "tskip": 1}),
        ("tools422", 422, {"ctu": 16, "wpp": 1, "scaling-list": "default", "deblock": "6:6", "signhide": 0, "tskip": 1, "constrained-intra": 1}),
        ("tools444", 444, {"ctu": 32, "qp": 45, "crqpoffs": 12, "cu-lossless": 1, "strong-intra-smoothing": 0, "sao": 0}),
        ("toolslossless", 444, {"lossless": 1}),
    ):
        drawing.save(folder / f"{name}.heic", quality=60, chroma=chroma, enc_params={f"x265:{k}": str(v) for k, v in tools.items()})
    # Only with an offset of chroma's quantisation do edges of lossless blocks have something to be left alone.
    drawing.crop((24, 0, 72, 40)).save(folder / "toolsheld.heic", quality=60, chroma=420,
                                       enc_params={"x265:lossless": "1", "x265:crqpoffs": "12", "x265:ctu": "16"})
    for width, height in ((1, 1), (2, 3), (17, 9), (63, 65)):
        calm(width, height).save(folder / f"small{width}x{height}.heic", quality=80)
    photo = calm(90, 70)
    # 10 bits of it differ from 8.
    deep = np.asarray(photo).astype(np.uint16) * 257 + np.random.default_rng(9).integers(0, 256, (70, 90, 3)).astype(np.uint16)
    for sampling in (422, 444):
        pillow_heif.from_bytes(mode="RGB;16", size=photo.size, data=deep.tobytes()).save(folder / f"10bit{sampling}.heic", quality=80, chroma=sampling)
    pillow_heif.from_bytes(mode="RGB;16", size=photo.size, data=deep.tobytes()).save(folder / "10bit420video.heic", quality=80, full_range_flag=0)
    pillow_heif.options.SAVE_HDR_TO_12_BIT = True
    pillow_heif.from_bytes(mode="RGB;16", size=photo.size, data=deep.tobytes()).save(folder / "12bit420.heic", quality=80)
    pillow_heif.options.SAVE_HDR_TO_12_BIT = False

    tiles = in_tiles(calm(192, 128, 3), 3, 2, 64, **avif)
    (folder / "grid.avif").write_bytes(heif(tiles, (150, 100), [nclx(1, 6, 1), box(b"pixi", bytes([0, 0, 0, 0, 3, 8, 8, 8]))], 3, 2, b"grid", [square, box(b"pixi", bytes([0, 0, 0, 0, 3, 8, 8, 8]))]))

    def deep_avif(name, samples, bits, pixelformat, **options):
        samples = (samples.astype(np.uint32) * ((1 << bits) - 1) // 65535).astype(np.uint16)
        data = imagecodecs.avif_encode(samples, level=80, speed=6, bitspersample=bits, pixelformat=pixelformat, numthreads=1, **options)
        (folder / name).write_bytes(data)

    for bits in (10, 12):
        for sampling in ("420", "422", "444"):
            deep_avif(f"{bits}bit{sampling}.avif", deep, bits, f"yuv{sampling}", matrix=6)
    deep_avif("10bitmatrix1.avif", deep, 10, "yuv420", matrix=1)
    deep_avif("10bitmatrix9.avif", deep, 10, "yuv420", matrix=9, primaries=9, transfer=16)
    deep_avif("10bitgrey.avif", deep[:, :, 0], 10, "yuv400")
    deep_avif("10bitalpha.avif", np.concatenate([deep, deep[:, :, :1]], -1), 10, "yuv420", matrix=6)
    deep_avif("10bitsaturated.avif", np.asarray(scene(41, 31)).astype(np.uint16) * 257, 10, "yuv420", matrix=6)


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
    make_heif(HERE / "decode")
    for path in sorted((HERE / "decode").iterdir()):
        if path.suffix != ".png" or path.name.count(".") == 1:
            decoded(path).save(HERE / "decode" / (path.name + ".png"), optimize=True)
    make_resample(HERE / "resample")
    make_pixels(HERE / "pixels.json.gz")
    print("Pillow", PIL.__version__)
