#!/usr/bin/env python3
"""Draws progressive JPEGs of 4:2:0 into a folder, and says how long Pillow takes for them.

    scripts/wide.sh made build/venv-wide; then
    build/venv-wide/bin/python preprocess/testdata/progressive.py FOLDER
    CLIPD_BENCH_JPEG=FOLDER go test -run '^$' -bench Progressive ./preprocess/jpeg
"""
import io
import pathlib
import sys
import time

import numpy as np
from PIL import Image

SIZES = (640, 480), (1600, 1200), (4000, 3000)
SECONDS = 0.5  # of each measurement, and as much again before it is believed


def picture(width, height):
    """Smooth colours, waves, flat squares with hard edges, and a camera's noise."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    p = np.stack([255 * x / width, 255 * y / height, 127 + 127 * np.sin(x / 40 + y / 60)], -1)
    p[((x // 160 + y // 161) % 3 == 0)] = random.integers(0, 256, 3)
    p += random.normal(0, 6, p.shape)
    return Image.fromarray(np.clip(p, 0, 255).astype(np.uint8))


def decode(data, scale):
    image = Image.open(io.BytesIO(data))
    if scale > 1:
        image.draft("RGB", (image.width // scale, image.height // scale))
    image.load()


def milliseconds(data, scale):
    """Processor time of one decoding: the least of several."""
    best, end = float("inf"), time.process_time() + SECONDS
    while time.process_time() < end:
        start = time.process_time()
        decode(data, scale)
        best = min(best, time.process_time() - start)
    return 1000 * best


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for width, height in SIZES:
    out = io.BytesIO()
    picture(width, height).save(out, "jpeg", quality=85, progressive=True)
    data = out.getvalue()
    (folder / f"{width}x{height}.jpg").write_bytes(data)
    times = ", ".join(f"1/{s} {milliseconds(data, s):.2f}" for s in (1, 2, 4, 8))
    print(f"{width} x {height}, {len(data)} bytes; Pillow, ms: {times}")
