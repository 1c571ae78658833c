#!/usr/bin/env python3
"""Makes demo/photos and demo/SOURCES.md out of the photographs that the scikit-image wheel ships.

photos.json is the list: what each picture is, where it is from, under which terms, and the SHA-256 of the original
and of what is made of it. The run fails where any of these hashes is another one.

  demo/build/make.sh             makes the pictures again and checks them
  demo/build/make.sh --update    writes the hashes of what it made into photos.json, after a change of the list
"""

import hashlib
import io
import json
import pathlib
import sys
import zipfile

from PIL import Image

DEMO = pathlib.Path(__file__).resolve().parent.parent
LONG_SIDE = 640  # pixels; smaller originals stay as they are
QUALITY = 85
MAX_BYTES = 1_500_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def reduced(original: bytes) -> bytes:
    """The picture as a JPEG of at most LONG_SIDE pixels, without metadata."""
    image = Image.open(io.BytesIO(original))
    image = image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=False)
    return out.getvalue()


def check(what: str, got: str, want: str, update: bool) -> None:
    if got != want and not update:
        sys.exit(f"{what}: SHA-256 is {got}; photos.json says {want}")


def sources(photos: list) -> str:
    lines = [
        "# Where the demo's photographs are from",
        "",
        "All are taken from the wheel of scikit-image 0.25.2, whose documentation (`skimage/data/_fetchers.py`) states",
        "the origins and terms below (the motorcycle's terms are the Middlebury site's own). They were",
        "reduced to JPEGs of at most 640 pixels by `demo/build/make.sh`, which also writes this page. Left out were",
        "pictures of the same wheel whose terms are not stated there (moon, page, colour wheel).",
        "",
        "| file | shows | terms | source | SHA-256 of the original | SHA-256 of the file |",
        "|---|---|---|---|---|---|",
    ]
    for p in photos:
        original = p["original"].rsplit("/", 1)[1]
        lines.append(
            f"| {p['file']} | {p['title']} | {p['licence']} | {p['source']} "
            f"| `{original}` `{p['original_sha256']}` | `{p['sha256']}` |"
        )
    lines += [
        "",
        "The stereo picture of the motorcycle is not in the public domain. Its makers allow use and publication and ask",
        "for a citation: D. Scharstein, H. Hirschmüller, Y. Kitajima, G. Krathwohl, N. Nešić, X. Wang and P. Westling,",
        "*High-resolution stereo datasets with subpixel-accurate ground truth*, German Conference on Pattern Recognition,",
        "2014.",
        "",
        "The altered copies (resized, mirrored, cropped, ...) are made from these files when the demo starts; their terms",
        "are those of the originals.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    wheel, update = sys.argv[1], "--update" in sys.argv[2:]
    listing = DEMO / "photos.json"
    photos = json.loads(listing.read_text("utf-8"))
    total = 0
    with zipfile.ZipFile(wheel) as archive:
        for p in photos:
            original = archive.read(p["original"])
            check(p["original"], sha256(original), p.get("original_sha256", ""), update)
            made = reduced(original)
            check(p["file"], sha256(made), p.get("sha256", ""), update)
            p["original_sha256"], p["sha256"] = sha256(original), sha256(made)
            (DEMO / "photos" / p["file"]).write_bytes(made)
            total += len(made)
            print(f"{p['file']:18} {len(made):8} bytes")
    if total > MAX_BYTES:
        sys.exit(f"{total} bytes in all; at most {MAX_BYTES} are wanted")
    if update:
        listing.write_text(json.dumps(photos, indent=2, ensure_ascii=False) + "\n", "utf-8")
    (DEMO / "SOURCES.md").write_text(sources(photos), "utf-8")
    print(f"{len(photos)} photographs, {total} bytes")


if __name__ == "__main__":
    main()
