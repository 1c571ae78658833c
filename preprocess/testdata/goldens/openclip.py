"""Makes ../openclip.json.gz: pixel values by open_clip's own transform, in each of its ways to resize.

models/testdata/goldens/make.sh runs it, in the environment that has open_clip. The cases are as those of pixels.json.gz.
"""

import gzip
import json
import pathlib

import numpy as np
import open_clip
import PIL
from open_clip.transform import PreprocessCfg, image_transform_v2
from scenes import scene

HERE = pathlib.Path(__file__).resolve().parent.parent
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]

if __name__ == "__main__":
    out = {"open_clip": open_clip.__version__, "pillow": PIL.__version__, "cases": []}
    for mode, interpolation, fill, size in (
        ("shortest", "bicubic", 0, 21), ("longest", "bicubic", 0, 21), ("longest", "bicubic", 127, 24), ("longest", "bilinear", 0, 24),
        ("squash", "bicubic", 0, 21), ("squash", "bilinear", 0, 24),
    ):
        config = {"size": size, "mode": "RGB", "mean": MEAN, "std": STD, "interpolation": interpolation, "resize_mode": mode, "fill_color": fill}
        transform = image_transform_v2(PreprocessCfg(**config), is_train=False)
        for width, height in ((41, 31), (31, 43), (24, 24), (100, 7), (7, 90)):
            img = scene(width, height, 5)
            values = transform(img).numpy()
            out["cases"].append({
                "name": f"open_clip-{mode}-{interpolation}-{fill}-{size}-{width}x{height}", "file": "preprocess_cfg.json",
                "config": config, "width": width, "height": height, "rgb": np.asarray(img).tobytes().hex(),
                "shape": list(values.shape), "values": np.ascontiguousarray(values, np.float32).tobytes().hex()})
    (HERE / "openclip.json.gz").write_bytes(gzip.compress(json.dumps(out).encode(), mtime=0))
