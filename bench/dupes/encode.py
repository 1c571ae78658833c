"""Encodes the set's WebP and AVIF files by Pillow: usage: encode.py FOLDER

The files wait as NAME.raw.png. AVIF is encoded and decoded again, and kept as PNG: clipd reads no AVIF.
"""

import io
import json
import os
import sys
from multiprocessing import Pool

from PIL import Image


def convert(job):
    folder, entry = job
    name = os.path.join(folder, entry["name"])
    raw = name + ".raw.png"
    if not os.path.exists(raw):
        return
    picture = Image.open(raw).convert("RGB")
    if entry["convert"] == "webp":
        picture.save(name + ".part", "WEBP", quality=entry["quality"])
    else:
        encoded = io.BytesIO()
        picture.save(encoded, "AVIF", quality=entry["quality"], speed=8)
        Image.open(encoded).convert("RGB").save(name + ".part", "PNG", compress_level=1)
    os.replace(name + ".part", name)
    os.remove(raw)


if __name__ == "__main__":
    folder = sys.argv[1]
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as manifest:
        entries = [entry for entry in json.load(manifest) if "convert" in entry]
    with Pool(2) as pool:
        for i, _ in enumerate(pool.imap_unordered(convert, [(folder, entry) for entry in entries], chunksize=16)):
            if i % 100 == 99:
                print(f"\r{i + 1} of {len(entries)} files", end="", file=sys.stderr)
    print(f"\r{len(entries)} files encoded by Pillow {Image.__version__}")
