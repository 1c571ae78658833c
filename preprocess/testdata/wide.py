"""Thousands of pictures, and what Pillow makes of them, for TestWide: `make wide` runs it.

It writes to standard output, for each picture, a line of JSON (name, format, sizes of the parts) and the parts: the
file's bytes; the upright RGB pixels; the pixels after CLIP's resize to 224 and centre crop. Nothing is kept.
The versions are pinned in scripts/wide.sh; the seed is the first argument, the number of pictures of random sizes the
second. Before them comes each kind of each format in each of EDGES.
"""

import io
import json
import random
import struct
import sys
import zlib

import numpy as np
import pillow_heif
import simplejpeg
from PIL import Image, ImageOps

pillow_heif.register_heif_opener()


def scene(rng, width, height):
    """Smooth colours, saturated shapes with hard edges, noise: what decoders and resizers differ on."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    a, b = rng.uniform(2, 40), rng.uniform(2, 40)
    img = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), 127 + 127 * np.sin(x / a + y / b)], -1)
    step = rng.integers(3, 60)
    img[((x // step + y // (step + 1)) % 3 == 0)] = rng.integers(0, 256, 3)
    img[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 4) ** 2] = rng.integers(0, 256, 3)
    img += rng.normal(0, rng.uniform(0, 12), img.shape)
    return np.clip(img, 0, 255).astype(np.uint8)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed(samples, depth):
    """Rows of samples to a PNG's bytes."""
    if depth == 16:
        return [r.astype(">u2").tobytes() for r in samples.reshape(samples.shape[0], -1)]
    if depth == 8:
        return [r.astype(np.uint8).tobytes() for r in samples.reshape(samples.shape[0], -1)]
    rows = []
    for r in samples.reshape(samples.shape[0], -1):
        bits = np.unpackbits(r.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:].ravel()
        rows.append(np.packbits(bits).tobytes())
    return rows


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(samples, depth, kind, interlaced, extra=b""):
    height, width = samples.shape[:2]
    body = b""
    for left, top, dx, dy in ADAM7 if interlaced else ((0, 0, 1, 1),):
        part = samples[top::dy, left::dx]
        if part.size:
            body += b"".join(b"\0" + r for r in packed(part, depth))
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(body, 1)) + chunk(b"IEND", b"")


def saved(img, **options):
    out = io.BytesIO()
    Image.fromarray(img).save(out, **options) if isinstance(img, np.ndarray) else img.save(out, **options)
    return out.getvalue()


def jpeg(rng, pick, img):
    kind = pick.choice(KINDS["jpeg"])
    quality = int(rng.integers(20, 101))
    if kind in ("444", "422", "420", "440", "411"):
        return kind, simplejpeg.encode_jpeg(np.ascontiguousarray(img), quality=quality, colorsubsampling=kind)
    if kind == "grey":
        return kind, saved(img[:, :, 0], format="JPEG", quality=quality, progressive=pick.random() < 0.3)
    if kind in ("cmyk", "ycck"):
        ink = np.concatenate([img, 255 - img[:, :, :1]], -1)
        data = saved(Image.frombytes("CMYK", ink.shape[1::-1], ink.tobytes()), format="JPEG", quality=quality, progressive=pick.random() < 0.3)
        if kind == "ycck":
            at = data.index(b"Adobe") + 11
            data = data[:at] + b"\2" + data[at + 1:]
        return kind, data
    if kind == "rgb":
        return kind, saved(img, format="JPEG", quality=quality, keep_rgb=True)
    options = {"quality": quality, "subsampling": pick.choice([0, 1, 2])}
    if kind == "progressive":
        options["progressive"] = True
    if kind == "restart":
        options["restart_marker_blocks" if pick.random() < 0.5 else "restart_marker_rows"] = int(rng.integers(1, 9))
        options["progressive"] = pick.random() < 0.3
    # Tools of the codec, of which a plain picture needs few. (Slices it writes so that nobody can read them.)
    tools = {"ctu": [16, 32, 64], "tskip": [1], "signhide": [0], "sao": [0], "deblock": ["0", "-3:2", "6:6", "-6:-6"], "wpp": [0, 1],
             "scaling-list": ["default"], "lossless": [1], "cu-lossless": [1], "strong-intra-smoothing": [0], "aq-strength": [3],
             "cbqpoffs": [-12, 5, 12], "crqpoffs": [-12, 5, 12], "constrained-intra": [1], "qp": [0, 12, 37, 51]}
    options["enc_params"] = {f"x265:{name}": str(pick.choice(values)) for name, values in tools.items() if pick.random() < 0.15}
    if kind == "orientation":
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = int(rng.integers(1, 9))
    return kind, saved(img, format="JPEG", **options)


def any_png(rng, pick, img):
    kind = pick.choice(KINDS["png"])
    interlaced = pick.random() < 0.4
    name = f"{kind}{'-interlaced' if interlaced else ''}"
    alpha = rng.integers(0, 256, img.shape[:2] + (1,)).astype(np.uint8)
    if kind == "grey":
        depth = pick.choice([1, 2, 4, 8])
        return f"{name}{depth}", png(img[:, :, 0] >> (8 - depth), depth, 0, interlaced)
    if kind == "palette":
        depth = pick.choice([1, 2, 4, 8])
        extra = chunk(b"PLTE", rng.integers(0, 256, 3 << depth).astype(np.uint8).tobytes())
        if pick.random() < 0.4:
            extra += chunk(b"tRNS", rng.integers(0, 256, 1 << depth).astype(np.uint8).tobytes())
        return f"{name}{depth}", png(img[:, :, 1] >> (8 - depth), depth, 3, interlaced, extra)
    wide = pick.random() < 0.4
    samples = {"rgb": img, "rgba": np.concatenate([img, alpha], -1), "greyalpha": np.concatenate([img[:, :, :1], alpha], -1)}[kind]
    if wide:
        samples = samples.astype(np.uint16) * 256 + rng.integers(0, 256, samples.shape).astype(np.uint16)
    return f"{name}{16 if wide else 8}", png(samples, 16 if wide else 8, {"rgb": 2, "rgba": 6, "greyalpha": 4}[kind], interlaced)


def rgba(rng, img):
    return np.concatenate([img, rng.integers(0, 256, img.shape[:2] + (1,)).astype(np.uint8)], -1)


def webp(rng, pick, img):
    kind = pick.choice(KINDS["webp"])
    pixels = rgba(rng, img) if "alpha" in kind else img
    return kind, saved(pixels, format="WEBP", quality=int(rng.integers(20, 100)), lossless="lossless" in kind, exact=True, method=0)


def gif(rng, pick, img):
    kind = pick.choice(KINDS["gif"])
    first = Image.fromarray(img).quantize(int(rng.integers(2, 257)))
    if kind == "still":
        return "still", saved(first, format="GIF", interlace=int(pick.random() < 0.5))
    return "animated", saved(first, format="GIF", save_all=True, append_images=[Image.fromarray(img[::-1].copy()).quantize(16)])


def bmp(rng, pick, img):
    kind = pick.choice(KINDS["bmp"])
    pixels = {"rgb": img, "rgba": rgba(rng, img), "grey": img[:, :, 0], "palette": Image.fromarray(img).quantize(200),
              "bilevel": Image.fromarray(img).convert("1")}[kind]
    return kind, saved(pixels, format="BMP")


def tiff(rng, pick, img):
    kind = pick.choice(KINDS["tiff"])
    pixels = {"rgb": img, "rgba": rgba(rng, img), "grey": img[:, :, 0], "palette": Image.fromarray(img).quantize(200),
              "bilevel": Image.fromarray(img).convert("1")}[kind]
    compression = pick.choice([None, "tiff_lzw", "tiff_adobe_deflate", "packbits"] + (["group4", "group3"] if kind == "bilevel" else []))
    return f"{kind}-{compression}", saved(pixels, format="TIFF", compression=compression)


def heic(rng, pick, img):
    kind = pick.choice(KINDS["heic"])
    options = {"format": "HEIF", "quality": int(rng.integers(30, 95)), "full_range_flag": int(pick.random() < 0.7),
               "matrix_coefficients": pick.choice([1, 5, 6, 6, 9])}
    if kind == "orientation":
        options["exif"] = Image.Exif()
        options["exif"][0x0112] = int(rng.integers(1, 9))
    if "bit" in kind:
        depth, chroma = kind.split("bit")
        pillow_heif.options.SAVE_HDR_TO_12_BIT = depth == "12"
        deep = img.astype(np.uint16) * 256 + rng.integers(0, 256, img.shape).astype(np.uint16)
        out = io.BytesIO()
        pillow_heif.from_bytes(mode="RGB;16", size=img.shape[1::-1], data=deep.tobytes()).save(out, chroma=int(chroma), **options)
        return kind, out.getvalue()
    if kind in ("420", "422", "444"):
        options["chroma"] = int(kind)
    pixels = {"alpha": rgba(rng, img), "grey": img[:, :, 0]}.get(kind, img) if kind in ("alpha", "grey") else img
    return kind, saved(pixels, **options)


def avif(rng, pick, img):
    kind = pick.choice(KINDS["avif"])
    options = {"format": "AVIF", "quality": int(rng.integers(50, 95)), "speed": 9}
    if kind == "video":
        options["range"] = "limited"
    if kind in ("420", "422", "444"):
        options["subsampling"] = ":".join(kind)
    return kind, saved(img[:, :, 0] if kind == "grey" else img, **options)


KINDS = {
    "jpeg": ["444", "422", "420", "440", "411", "grey", "cmyk", "ycck", "rgb", "progressive", "restart", "orientation"],
    "png": ["grey", "rgb", "palette", "greyalpha", "rgba"],
    "webp": ["lossy", "lossless", "lossyalpha", "losslessalpha"],
    "gif": ["still", "animated"],
    "bmp": ["rgb", "rgba", "grey", "palette", "bilevel"],
    "tiff": ["rgb", "rgba", "grey", "palette", "bilevel"],
    "heic": ["420", "420", "422", "444", "grey", "alpha", "orientation", "10bit420", "10bit422", "10bit444", "12bit420"],
    "avif": ["420", "422", "444", "grey", "video"],
}
MAKERS = {"jpeg": jpeg, "png": any_png, "webp": webp, "gif": gif, "bmp": bmp, "tiff": tiff, "heic": heic, "avif": avif}

# Around the sizes of blocks, and as narrow as can be.
EDGES = [(1, 1), (2, 3), (7, 9), (8, 8), (15, 17), (16, 16), (33, 31), (64, 65), (1, 5000), (5000, 1), (4999, 3), (17, 4001), (2500, 130)]


class First(random.Random):
    """Chooses what it is told to, the first time."""

    def __init__(self, seed, choice):
        super().__init__(seed)
        self.first = choice

    def choice(self, among):
        first, self.first = self.first, None
        return first if first is not None else super().choice(among)


def size(pick):
    at_most = pick.choice([8, 40, 40, 200, 200, 200, 600, 600, 5000])
    width, height = pick.randint(1, at_most), pick.randint(1, at_most)
    if at_most == 5000 and pick.random() < 0.7:  # a strip
        width, height = pick.choice([(width, pick.randint(1, 12)), (pick.randint(1, 12), height)])
    return width, height


def clip(img, side=224):
    """CLIP's resize of the shorter side, bicubic, and centre crop, on Pillow."""
    width, height = img.size
    new = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    left, top = (new[0] - side) // 2, (new[1] - side) // 2
    return img.resize(new, Image.Resampling.BICUBIC).crop((left, top, left + side, top + side))


def main():
    seed, n = int(sys.argv[1]), int(sys.argv[2])
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    out = sys.stdout.buffer
    edges = [(name, kind, edge) for name, kinds in KINDS.items() for kind in dict.fromkeys(kinds) for edge in EDGES]
    random_ones = ["jpeg"] * 4 + ["png"] * 2 + ["webp", "gif", "bmp", "tiff", "heic", "avif"]
    for i in range(len(edges) + n):
        if i < len(edges):
            kind, first, (width, height) = edges[i]
            chooser = First(seed * 1_000_003 + i, first)
        else:
            kind, chooser = random_ones[i % len(random_ones)], pick
            width, height = size(pick)
        try:
            name, data = MAKERS[kind](rng, chooser, scene(rng, width, height))
        except RuntimeError:  # x265 doesn't code all strips
            assert kind == "heic" and max(width, height) > 1000, (kind, width, height)
            continue
        with Image.open(io.BytesIO(data)) as img:
            img.load()
            upright = ImageOps.exif_transpose(img).convert("RGB")
        pixels = np.asarray(upright).tobytes()
        longest, shortest = max(upright.size), min(upright.size)
        clipped = np.asarray(clip(upright)).tobytes() if longest < 40 * shortest else b""
        head = {"name": f"{i}-{kind}-{name}-{width}x{height}", "width": upright.size[0], "height": upright.size[1],
                "file": len(data), "pixels": len(pixels), "clip": len(clipped)}
        out.write(json.dumps(head).encode() + b"\n" + data + pixels + clipped)


if __name__ == "__main__":
    main()
