"""The pictures that goldens are made of."""

import numpy as np
from PIL import Image


def scene(width, height, seed=1):
    """Smooth colours, hard edges of saturated colour, and some noise: what chroma upsampling and resizing differ on."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    img = np.stack([255 * x / max(1, width - 1), 255 * y / max(1, height - 1), 127 + 127 * np.sin(x / 3.0 + y / 5.0)], -1)
    img[(x // 6 + y // 5) % 3 == 0] = (250, 20, 30)
    img[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 4) ** 2] = (10, 40, 240)
    img += rng.normal(0, 6, img.shape)
    return Image.fromarray(np.clip(img, 0, 255).astype(np.uint8), "RGB")


def calm(width, height, seed=1):
    """A photograph's kind of picture: fine detail in brightness, coarse in colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    img = np.stack([60 + 120 * x / width, 50 + 130 * y / height, 120 + 60 * np.sin(x / 19.0 + y / 27.0)], -1)
    img += 25 * ((x // 9 + y // 7) % 2)[..., None] + rng.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(img, 0, 255).astype(np.uint8), "RGB")
