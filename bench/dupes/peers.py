"""Hashes the set by other programs' packages, unmodified: usage: peers.py FOLDER > HASHES

A line each: path, kind, hash, by tabs. PDQ writes eight hashes, those of the picture turned and mirrored.
imagededup's CNN is left out: it needs weights that are fetched.
"""

import json
import os
import sys
from multiprocessing import Pool
from unittest.mock import MagicMock

import numpy
import pdqhash
from PIL import Image

# imagededup imports torch wherever one begins; its hashes have no use for it.
ABSENT = ("torch", "torch.nn", "torch.utils", "torch.utils.data", "torchvision", "torchvision.models", "torchvision.models.efficientnet",
          "torchvision.models.mobilenetv3", "torchvision.models.vision_transformer", "torchvision.transforms")
for absent in ABSENT:
    sys.modules[absent] = MagicMock(Tensor=type("Tensor", (), {}))

from imagededup.methods.hashing import AHash, DHash, PHash, WHash  # noqa: E402

for absent in ABSENT:
    del sys.modules[absent]

METHODS = [(f"imagededup {method.__name__}", method(verbose=False)) for method in (PHash, DHash, WHash, AHash)]


def hashes(path):
    picture = numpy.asarray(Image.open(path).convert("RGB"))
    lines = []
    turned, _quality = pdqhash.compute_dihedral(picture)
    lines.append((path, "PDQ, 8 turned", " ".join(numpy.packbits(bits).tobytes().hex() for bits in turned)))
    lines.append((path, "PDQ", lines[0][2].split()[0]))
    for name, method in METHODS:
        lines.append((path, name, method.encode_image(image_array=picture)))
    return lines


if __name__ == "__main__":
    folder = sys.argv[1]
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as manifest:
        paths = [os.path.join(folder, entry["name"]) for entry in json.load(manifest)]
    with Pool(2) as pool:
        for lines in pool.imap(hashes, paths, chunksize=16):
            for line in lines:
                print("\t".join(line))
