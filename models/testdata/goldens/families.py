"""The model families: a folder of files as each publishes them, and the reference implementation that reads such files.

A Family writes its folder and then answers, by the reference implementation alone, what a text's ids and vector and a
picture's pixel values and vector are.
"""

import dataclasses
import json
import pathlib
from typing import Callable

import numpy as np
import open_clip
import sentence_transformers
import timm
import torch
import transformers
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image, ImageOps

import tokenizing
import towers

MERGES = tokenizing.trained_merges(80)
WIDTH, DIM, SIZE = 16, 12, 32  # of the small towers: width, dimension of the space, pixels a side
SMALL = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


@dataclasses.dataclass
class Family:
    name: str
    reference: str  # what answers, for people
    ids: Callable  # text -> list of ids, padding left out
    text: Callable  # text -> vector
    pixels: Callable = None  # PIL image -> float array [3, height, width]
    image: Callable = None  # pixels -> vector
    mean: tuple = (0, 0, 0)
    std: tuple = (1, 1, 1)
    corpus: str = ""  # under which its ids of all sentences are kept; empty: another family's


def unit(vector):
    vector = np.asarray(vector, np.float64).reshape(-1)
    return vector / np.linalg.norm(vector)


def opened(path):
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def keep_tokenizer(tokenizer, folder, configured=True):
    """tokenizer.json, and of the configuration what says how texts are fed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(json.loads(tokenizer._tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")
    if configured:
        fields = {"tokenizer_class": type(tokenizer).__name__, "model_max_length": tokenizer.model_max_length, "pad_token": tokenizer.pad_token}
        if "attention_mask" not in tokenizer.model_input_names:
            fields["model_input_names"] = tokenizer.model_input_names
        write(folder, "tokenizer_config.json", fields)


def rows(ids):
    return torch.tensor([ids], dtype=torch.long)


def from_transformers(name, model, tokenizer, processor, length, full, **more):
    """Answers of a transformers model with get_text_features and get_image_features. full: texts are padded to length."""

    def text(text):
        options = {"padding": "max_length"} if full else {}
        ids = tokenizing.ids(tokenizer, text, length, **options)
        with torch.no_grad():
            return unit(model.get_text_features(input_ids=rows(ids)))

    def image(pixels):
        with torch.no_grad():
            return unit(model.get_image_features(pixel_values=torch.from_numpy(pixels)[None]))

    return Family(
        name, f"transformers {type(model).__name__}, {type(tokenizer).__name__}, {type(processor).__name__}",
        lambda text: tokenizing.ids(tokenizer, text, length), text,
        lambda picture: processor(picture, return_tensors="np")["pixel_values"][0].astype(np.float32), image,
        tuple(processor.image_mean), tuple(processor.image_std), **more,
    )


def clip(root):
    """OpenAI's CLIP in transformers' files: one graph a tower, and one for both in clip-combined."""
    folder = root / "clip"
    tokenizer = tokenizing.clip_tokenizer(MERGES)
    vocab = len(tokenizer)
    config = transformers.CLIPConfig(
        text_config={**SMALL, "vocab_size": vocab, "bos_token_id": vocab - 2, "eos_token_id": vocab - 1}, projection_dim=DIM,
        vision_config={**SMALL, "image_size": SIZE, "patch_size": 8}, attn_implementation="eager",
    )
    model = towers.randomise(transformers.CLIPModel(config), 1)
    processor = transformers.CLIPImageProcessor(size={"shortest_edge": SIZE}, crop_size=SIZE)
    ids, pixels = rows([vocab - 2, 5, 6, vocab - 1]), torch.rand(1, 3, SIZE, SIZE)
    for place in (folder, root / "clip-combined"):
        keep_tokenizer(tokenizer, place)
        write(place, "config.json", {"model_type": "clip", "projection_dim": DIM, "text_config": {"model_type": "clip_text_model", "eos_token_id": 2}})
        write(place, "preprocessor_config.json", json.loads(processor.to_json_string()))
    towers.export(model, lambda m, x: m.get_text_features(input_ids=x), {"input_ids": ids}, ["text_embeds"], folder / "onnx/text_model.onnx")
    towers.export(model, lambda m, x: m.get_image_features(pixel_values=x), {"pixel_values": pixels}, ["image_embeds"], folder / "onnx/vision_model.onnx")

    def both(m, ids, pixels, mask):
        out = m(input_ids=ids, pixel_values=pixels, attention_mask=mask)
        return out.logits_per_image, out.logits_per_text, out.text_embeds, out.image_embeds

    towers.export(
        model, both, {"input_ids": ids, "pixel_values": pixels, "attention_mask": torch.ones_like(ids)},
        ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"], root / "clip-combined/onnx/model.onnx",
    )
    family = from_transformers("clip", model, tokenizer, processor, 77, False, corpus="clip")
    return [family, dataclasses.replace(family, name="clip-combined", corpus="")]


def from_open_clip(name, model, preprocess, tokenize, kept, **more):
    """Answers of an open_clip model: tokenize pads to the context length, kept gives the ids without padding."""
    transform = image_transform_v2(preprocess, is_train=False)

    def text(text):
        with torch.no_grad():
            return unit(model.encode_text(tokenize([text])))

    def image(pixels):
        with torch.no_grad():
            return unit(model.encode_image(torch.from_numpy(pixels)[None]))

    return Family(
        name, f"open_clip {type(model).__name__}, image_transform_v2, {more.pop('by')}", kept, text,
        lambda picture: transform(picture).numpy(), image, tuple(preprocess.mean), tuple(preprocess.std), **more,
    )


def openclip(root):
    folder = root / "openclip"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizing.open_clip_file(folder / VOCABULARY, MERGES)
    text_cfg = {"context_length": 77, "width": WIDTH, "heads": 2, "layers": 2}
    vision_cfg = {"image_size": SIZE, "layers": 2, "width": WIDTH, "head_width": 8, "patch_size": 8}
    return [openclip_in(folder, {"embed_dim": DIM, "vision_cfg": vision_cfg, "text_cfg": text_cfg}, rounded=True)]


VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"


def openclip_in(folder, config, rounded):
    """open_clip with its own tokenizer, of whose vocabulary the folder holds the file, and a fixed length as it trains."""
    tokenizer = tokenizing.PlainTokenizer(str(folder / VOCABULARY))
    config["text_cfg"]["vocab_size"] = tokenizer.vocab_size
    model = towers.randomise(open_clip.model.CLIP(**config), 2, rounded)
    size = config["vision_cfg"]["image_size"]
    preprocess = PreprocessCfg(size=size)
    write(folder, "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": {"mean": preprocess.mean, "std": preprocess.std}})
    ids, pixels = tokenizer(["a cat"]), torch.rand(1, 3, size, size)
    towers.export(model, lambda m, x: m.encode_text(x), {"input_ids": ids}, ["text_embeds"], folder / "onnx/text_model.onnx", fixed=["sequence"])
    towers.export(model, lambda m, x: m.encode_image(x), {"pixel_values": pixels}, ["image_embeds"], folder / "onnx/vision_model.onnx")
    return from_open_clip(folder.name, model, preprocess, tokenizer, tokenizer.ids, by="SimpleTokenizer", corpus="openclip")


def hf_tokenize(tokenizer, clean, length):
    """open_clip's HFTokenizer around a tokenizer that needn't be downloaded: its own cleaning and padding."""
    made = open_clip.tokenizer.HFTokenizer.__new__(open_clip.tokenizer.HFTokenizer)
    tokenizer.split_special_tokens = True
    tokenizer._tokenizer.encode_special_tokens = True
    made.tokenizer, made.context_length, made.strip_sep_token, made.tokenizer_mode = tokenizer, length, False, ""
    made.clean_fn = open_clip.tokenizer.get_clean_fn(clean)
    return made, lambda text: tokenizing.ids(tokenizer, made.clean_fn(text), length)


def immich(root):
    """open_clip's SigLIP (no causal mask, the last token's state, squashed pictures) in the layout of immich's exports."""
    folder = root / "immich"
    tokenizer = tokenizing.t5_tokenizer(600, 64)
    text_cfg = {
        "context_length": 64, "vocab_size": len(tokenizer), "width": WIDTH, "heads": 2, "layers": 2, "no_causal_mask": True, "pool_type": "last",
        "proj_bias": True, "hf_tokenizer_name": "timm/ViT-B-16-SigLIP", "tokenizer_kwargs": {"clean": "canonicalize"},
    }
    vision_cfg = {"image_size": SIZE, "layers": 2, "width": WIDTH, "head_width": 8, "patch_size": 8}
    model = towers.randomise(open_clip.model.CustomTextCLIP(DIM, vision_cfg, {**text_cfg, "hf_tokenizer_name": None}), 3)
    preprocess = PreprocessCfg(size=SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), resize_mode="squash")
    tokenize, kept = hf_tokenize(tokenizer, "canonicalize", 64)
    write(folder, "config.json", {"embed_dim": DIM, "vision_cfg": vision_cfg, "text_cfg": text_cfg, "custom_text": True})
    write(folder, "visual/preprocess_cfg.json", {
        "size": [SIZE, SIZE], "mode": "RGB", "mean": preprocess.mean, "std": preprocess.std, "interpolation": "bicubic", "resize_mode": "squash", "fill_color": 0,
    })
    keep_tokenizer(tokenizer, folder / "textual")
    ids, pixels = tokenize(["a cat"]).to(torch.int32), torch.rand(1, 3, SIZE, SIZE)
    towers.export(model, lambda m, x: m.encode_text(x), {"text": ids}, ["embedding"], folder / "textual/model.onnx")
    towers.export(model, lambda m, x: m.encode_image(x), {"image": pixels}, ["embedding"], folder / "visual/model.onnx")
    return [from_open_clip("immich", model, preprocess, tokenize, kept, by="HFTokenizer(T5TokenizerFast)", corpus="siglip-canonical")]


@timm.models.register_model
def fastvit_small_test(pretrained=False, **kwargs):
    """MobileCLIP's FastViT (fastvit_mci0) with fewer and narrower layers."""
    from functools import partial

    from timm.models.fastvit import FastVit, RepConditionalPosEnc

    options = {
        "layers": (1, 1, 1, 1), "embed_dims": (8, 8, 16, 32), "mlp_ratios": (2, 2, 2, 2), "se_downsamples": (False, False, True, True),
        "pos_embs": (None, None, None, partial(RepConditionalPosEnc, spatial_shape=(1, 1))),
        "token_mixers": ("repmixer", "repmixer", "repmixer", "attention"), "lkc_use_act": True, "inference_mode": True, **kwargs,
    }
    options.pop("pretrained_cfg", None), options.pop("pretrained_cfg_overlay", None), options.pop("cache_dir", None)
    model = FastVit(**options)
    model.default_cfg = model.pretrained_cfg = {"input_size": (3, 64, 64), "pool_size": (2, 2), "first_conv": "stem.0", "classifier": "head.fc"}
    return model


def mobileclip(root):
    """MobileCLIP: FastViT beside a text tower without causal mask, whose padding is 0; vocab.json instead of tokenizer.json."""
    folder, size = root / "mobileclip", 64
    tokenizer = tokenizing.PlainTokenizer(str(root / "openclip" / VOCABULARY))
    text_cfg = {"context_length": 77, "vocab_size": tokenizer.vocab_size, "width": WIDTH, "heads": 2, "layers": 2, "no_causal_mask": True}
    vision_cfg = {"image_size": size, "timm_model_name": "fastvit_small_test", "timm_model_pretrained": False, "timm_pool": "avg", "timm_proj": None}
    model = towers.randomise(open_clip.model.CustomTextCLIP(DIM, vision_cfg, text_cfg), 4, gain=1.7)
    preprocess = PreprocessCfg(size=size, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), interpolation="bilinear")
    write(folder, "open_clip_config.json", {
        "model_cfg": {"embed_dim": DIM, "custom_text": True, "text_cfg": text_cfg, "vision_cfg": {**vision_cfg, "timm_model_name": "fastvit_mci0"}},
        "preprocess_cfg": {"mean": preprocess.mean, "std": preprocess.std, "interpolation": "bilinear", "resize_mode": "shortest"},
    })
    tokenizing.clip_files(folder, MERGES)
    write(folder, "tokenizer_config.json", {
        "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
    })
    ids, pixels = tokenizer(["a cat"]), torch.rand(1, 3, size, size)
    towers.export(model, lambda m, x: m.encode_text(x), {"input_ids": ids}, ["text_embeds"], folder / "onnx/text_model.onnx")
    towers.export(model, lambda m, x: m.encode_image(x), {"pixel_values": pixels}, ["image_embeds"], folder / "onnx/vision_model.onnx")
    return [from_open_clip("mobileclip", model, preprocess, tokenizer, tokenizer.ids, by="SimpleTokenizer")]


def siglip(root):
    """SigLIP and SigLIP 2 of fixed resolution, small."""
    tower = {"text_config": SMALL, "vision_config": {**SMALL, "image_size": SIZE, "patch_size": 8}}
    return [
        siglip_in(root / "siglip", tokenizing.t5_tokenizer(600, 64), tower, 3, 5),
        siglip_in(root / "siglip2", tokenizing.gemma_tokenizer(700, 64), tower, 2, 6),
    ]


def siglip_in(folder, tokenizer, tower, resample, seed, rounded=True):
    """SigLIP or SigLIP 2: padded to 64, no mask; bicubic with 1 as padding, bilinear with 0."""
    name = folder.name
    config = transformers.SiglipConfig(
        text_config={**tower["text_config"], "vocab_size": len(tokenizer)}, vision_config=tower["vision_config"],
    )
    config.text_config.projection_size = config.text_config.hidden_size
    config._attn_implementation = "eager"
    size = config.vision_config.image_size
    model = towers.randomise(transformers.SiglipModel(config), seed, rounded)
    processor = transformers.SiglipImageProcessor(size={"height": size, "width": size}, resample=resample)
    write(folder, "config.json", {"model_type": "siglip", "text_config": {"model_type": "siglip_text_model"}})
    write(folder, "preprocessor_config.json", json.loads(processor.to_json_string()))
    keep_tokenizer(tokenizer, folder)
    ids, pixels = rows(tokenizing.ids(tokenizer, "a cat", 64, padding="max_length")), torch.rand(1, 3, size, size)

    def text(m, ids, mask=None):
        out = m.text_model(input_ids=ids, attention_mask=mask)
        return out.last_hidden_state, out.pooler_output

    def image(m, pixels):
        out = m.vision_model(pixel_values=pixels)
        return out.last_hidden_state, out.pooler_output

    inputs = {"input_ids": ids}
    if name.startswith("siglip2"):  # newer exports take a mask, which the processor doesn't make
        inputs["attention_mask"] = torch.ones_like(ids)
    towers.export(model, text, inputs, ["last_hidden_state", "pooler_output"], folder / "onnx/text_model.onnx")
    towers.export(model, image, {"pixel_values": pixels}, ["last_hidden_state", "pooler_output"], folder / "onnx/vision_model.onnx")
    return from_transformers(name, model, tokenizer, processor, 64, True, corpus=name)


class JinaText(torch.nn.Module):
    """jina-clip's text tower: the mean of the token states, and a mask made of the ids (HFEncoder of its modeling files)."""

    def __init__(self, model, pad):
        super().__init__()
        self.model, self.pad = model, pad
        self.proj = torch.nn.Linear(WIDTH, DIM, bias=False)

    def forward(self, ids):
        mask = (ids != self.pad).long()
        states = self.model(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]
        return self.proj(states.sum(1) / mask.sum(1, keepdim=True))


def jinaclip(root):
    """jina-clip v1 (BERT's tokenizer, a graph a tower) and v2 (XLM-RoBERTa's, one graph for both), with EVA-02 towers."""
    families = []
    for name, tokenizer, seed in (("jina-clip-v1", tokenizing.bert_tokenizer(600, 512), 7), ("jina-clip-v2", tokenizing.xlmr_tokenizer(600, 512), 8)):
        folder = root / name
        options = {**SMALL, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, "max_position_embeddings": 514, "attn_implementation": "eager"}
        if name.endswith("v1"):
            text = transformers.BertModel(transformers.BertConfig(**options), add_pooling_layer=False)
        else:
            text = transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**options, type_vocab_size=1), add_pooling_layer=False)
        text = towers.randomise(JinaText(text, tokenizer.pad_token_id), seed)
        vision = timm.models.eva.Eva(
            img_size=SIZE, patch_size=8, embed_dim=WIDTH, depth=2, num_heads=2, mlp_ratio=2, num_classes=DIM, qkv_fused=False, swiglu_mlp=True,
            use_rot_pos_emb=True, ref_feat_shape=(4, 4), global_pool="token",
        )
        vision = towers.randomise(vision, seed + 20)
        write(folder, "config.json", {"model_type": "jina_clip", "projection_dim": DIM, "text_config": {"model_type": "jina_clip_text", "embed_dim": DIM}})
        preprocess = PreprocessCfg(size=SIZE)
        write(folder, "preprocessor_config.json", {
            "image_processor_type": "JinaCLIPImageProcessor", "size": SIZE, "mean": CLIP_MEAN, "std": CLIP_STD, "resize_mode": "shortest",
            "interpolation": "bicubic", "fill_color": 0,
        })
        keep_tokenizer(tokenizer, folder)
        ids, pixels = rows(tokenizing.ids(tokenizer, "a cat", 64)), torch.rand(1, 3, SIZE, SIZE)
        both = torch.nn.ModuleDict({"text": text, "vision": vision})
        if name.endswith("v1"):
            towers.export(text, lambda m, x: m(x), {"input_ids": ids}, ["text_embeds"], folder / "onnx/text_model.onnx")
            towers.export(vision, lambda m, x: m(x), {"pixel_values": pixels}, ["image_embeds"], folder / "onnx/vision_model.onnx")
        else:
            def four(m, ids, pixels):
                t, v = m["text"](ids), m["vision"](pixels)
                return t, v, torch.nn.functional.normalize(t), torch.nn.functional.normalize(v)

            towers.export(
                both, four, {"input_ids": ids, "pixel_values": pixels},
                ["text_embeddings", "image_embeddings", "l2norm_text_embeddings", "l2norm_image_embeddings"], folder / "onnx/model.onnx",
            )
        transform = image_transform_v2(preprocess, is_train=False)

        def of_text(text_, tower=text, tokenizer=tokenizer):
            with torch.no_grad():
                return unit(tower(rows(tokenizing.ids(tokenizer, text_, 512))))

        def of_image(pixels, tower=vision):
            with torch.no_grad():
                return unit(tower(torch.from_numpy(pixels)[None]))

        families.append(Family(
            name, f"transformers {type(text.model).__name__} with mean pooling, {type(tokenizer).__name__}, timm Eva, open_clip image_transform_v2",
            lambda t, tokenizer=tokenizer: tokenizing.ids(tokenizer, t, 512), of_text,
            lambda picture, transform=transform: transform(picture).numpy(), of_image, tuple(CLIP_MEAN), tuple(CLIP_STD),
            corpus="bert" if name.endswith("v1") else "xlmr",
        ))
    return families


def chineseclip(root):
    """Chinese-CLIP: BERT's tokenizer and a mask, squashed pictures, one graph for both towers."""
    folder = root / "chinese-clip"
    tokenizer = tokenizing.bert_tokenizer(600, 512)
    config = transformers.ChineseCLIPConfig(
        text_config={**SMALL, "vocab_size": len(tokenizer), "max_position_embeddings": 512, "pad_token_id": tokenizer.pad_token_id}, projection_dim=DIM,
        vision_config={**SMALL, "image_size": SIZE, "patch_size": 8},
    )
    config._attn_implementation = "eager"
    model = towers.randomise(transformers.ChineseCLIPModel(config), 9)
    processor = transformers.ChineseCLIPImageProcessor(size={"height": SIZE, "width": SIZE}, do_center_crop=False)
    write(folder, "config.json", {"model_type": "chinese_clip", "projection_dim": DIM, "text_config": {"model_type": "chinese_clip_text_model"}})
    write(folder, "preprocessor_config.json", json.loads(processor.to_json_string()))
    (folder / "vocab.txt").write_text("".join(t + "\n" for t, _ in sorted(tokenizer.get_vocab().items(), key=lambda e: e[1])))
    write(folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "tokenize_chinese_chars": True, "pad_token": "[PAD]"})
    ids, pixels = rows(tokenizing.ids(tokenizer, "a cat", 512)), torch.rand(1, 3, SIZE, SIZE)

    def both(m, ids, pixels, mask):
        out = m(input_ids=ids, pixel_values=pixels, attention_mask=mask)
        return out.logits_per_image, out.logits_per_text, out.text_embeds, out.image_embeds

    towers.export(
        model, both, {"input_ids": ids, "pixel_values": pixels, "attention_mask": torch.ones_like(ids)},
        ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"], folder / "onnx/model.onnx",
    )
    family = from_transformers("chinese-clip", model, tokenizer, processor, 512, False)

    def text(text):  # get_text_features asks for a pooler that the model was made without (4.57.6)
        with torch.no_grad():
            return unit(model(input_ids=rows(tokenizing.ids(tokenizer, text, 512)), pixel_values=pixels).text_embeds)

    return [dataclasses.replace(family, text=text)]


def sentence(root):
    """sentence-transformers: one BERT, read with four descriptions of what comes behind it (sentence-cls and so on)."""
    folder, length = root / "sentence", 128
    tokenizer = tokenizing.bert_tokenizer(600, 512)
    bert = transformers.BertModel(transformers.BertConfig(**SMALL, vocab_size=len(tokenizer), attn_implementation="eager"), add_pooling_layer=False)
    towers.randomise(bert, 10)
    keep_tokenizer(tokenizer, folder)
    write(folder, "config.json", {"model_type": "bert", "max_position_embeddings": 512})
    write(folder, "sentence_bert_config.json", {"max_seq_length": length, "do_lower_case": False})
    ids = rows(tokenizing.ids(tokenizer, "a cat", length))
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    towers.export(
        bert, lambda m, i, a, t: m(input_ids=i, attention_mask=a, token_type_ids=t).last_hidden_state, inputs, ["last_hidden_state"], folder / "onnx/model.onnx",
    )
    layer = towers.randomise(sentence_transformers.models.Dense(WIDTH, DIM, activation_function=torch.nn.Tanh()), 11)
    families = []
    for mode in ("mean", "cls", "lasttoken", "weightedmean", "dense"):
        place = folder if mode == "mean" else root / f"sentence-{mode}"
        pooling = sentence_transformers.models.Pooling(WIDTH, pooling_mode="mean" if mode == "dense" else mode)
        modules = [("", "Transformer"), ("1_Pooling", "Pooling"), *([("2_Dense", "Dense")] if mode == "dense" else []), ("3_Normalize", "Normalize")]
        write(place, "modules.json", [{"idx": i, "name": str(i), "path": p, "type": f"sentence_transformers.models.{k}"} for i, (p, k) in enumerate(modules)])
        write(place, "1_Pooling/config.json", pooling.get_config_dict())
        if mode == "dense":
            (place / "2_Dense").mkdir(exist_ok=True)
            layer.save(str(place / "2_Dense"))
        behind = [pooling, *([layer] if mode == "dense" else []), sentence_transformers.models.Normalize()]

        def text(text, behind=behind):
            feed = tokenizer(text.strip(), truncation=True, max_length=length, split_special_tokens=True, return_tensors="pt")
            with torch.no_grad():
                features = {"token_embeddings": bert(**feed).last_hidden_state, "attention_mask": feed["attention_mask"]}
                for module in behind:
                    features = module(features)
            return unit(features["sentence_embedding"])

        families.append(Family(
            place.name, f"transformers BertModel, sentence-transformers {', '.join(type(m).__name__ for m in behind)}",
            lambda t: tokenizing.ids(tokenizer, t.strip(), length), text,
        ))
    return families


def everything(root: pathlib.Path):
    for make in (clip, openclip, immich, mobileclip, siglip, jinaclip, chineseclip, sentence):
        yield from make(root)
