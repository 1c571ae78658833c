"""Hashes the set by other programs' packages, unmodified: usage: peers.py FOLDER HASHES

A line each: path, kind, hash, by tabs. PDQ writes eight hashes, those of the picture turned and mirrored,
and none of pictures without features. A run that was
broken off goes on where HASHES ends.
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

LEAST_QUALITY = 50  # as PDQ's paper recommends: hashes of less are no evidence, and are left out
METHODS = [(f"imagededup {method.__name__}", method(verbose=False)) for method in (PHash, DHash, WHash, AHash)]


def hashes(path):
    picture = numpy.asarray(Image.open(path).convert("RGB"))
    lines = []
    turned, quality = pdqhash.compute_dihedral(picture)
    turned = [numpy.packbits(bits).tobytes().hex() for bits in turned if quality >= LEAST_QUALITY]
    lines.append((path, "PDQ, 8 turned", " ".join(turned)))
    lines.append((path, "PDQ", " ".join(turned[:1])))
    for name, method in METHODS:
        lines.append((path, name, method.encode_image(image_array=picture)))
    return lines


KINDS = 2 + len(METHODS)


def hashed_before(output):
    """The paths that an earlier run has hashed wholly; what else it wrote is dropped."""
    if not os.path.exists(output):
        return set()
    lines = {}
    with open(output, encoding="utf-8") as earlier:
        for line in earlier:
            if line.endswith("\n"):
                lines.setdefault(line.split("\t")[0], []).append(line)
    whole = {path: some for path, some in lines.items() if len(some) == KINDS}
    with open(output + ".new", "w", encoding="utf-8") as kept:
        for some in whole.values():
            kept.writelines(some)
    os.replace(output + ".new", output)
    return set(whole)


if __name__ == "__main__":
    folder, output = sys.argv[1:]
    with open(os.path.join(folder, "manifest.json"), encoding="utf-8") as manifest:
        paths = [os.path.join(folder, entry["name"]) for entry in json.load(manifest)]
    before = hashed_before(output)
    waiting = [path for path in paths if path not in before]
    with Pool(2) as pool, open(output, "a", encoding="utf-8") as out:
        for i, lines in enumerate(pool.imap(hashes, waiting, chunksize=16)):
            out.write("".join("\t".join(line) + "\n" for line in lines))
            if i % 100 == 99:
                print(f"\r{len(before) + i + 1} of {len(paths)} files", end="", file=sys.stderr)
    print(f"\r{len(paths)} of {len(paths)} files", file=sys.stderr)
