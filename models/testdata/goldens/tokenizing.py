"""Small tokenizers of every kind, trained on the sentences of sentences.py: nothing of anybody's vocabulary is kept."""

import collections
import functools
import gzip
import io
import json
import pathlib
import tempfile

import regex
import sentencepiece
import tokenizers
import transformers
from open_clip import tokenizer as open_clip_tokenizer

import sentences

CORPUS = list(sentences.captions())
# sentencepiece wants nearly all characters of what it reads in its vocabulary: fewer scripts, a smaller file.
FEW_SCRIPTS = [c for c in CORPUS if all(ord(x) < 0x500 for x in c)]


def learn(words, count):
    """The count most frequent pairs, one after another, as byte pair encoding learns them. words is {tuple of symbols:
    frequency}; ties go to the first in the alphabet, so that the answer is the same everywhere."""
    merges = []
    for _ in range(count):
        pairs = collections.Counter()
        for symbols, n in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += n
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        words = {joined(symbols, best): n for symbols, n in words.items()}
    return merges


def joined(symbols, pair):
    out, i = [], 0
    while i < len(symbols):
        if symbols[i : i + 2] == pair:
            out.append(pair[0] + pair[1].removeprefix("##"))
            i += 2
        else:
            out.append(symbols[i])
            i += 1
    return tuple(out)


def trained_merges(count):
    """Byte pairs in CLIP's way: lower case, words that end in </w>."""
    letters, words = open_clip_tokenizer.bytes_to_unicode(), collections.Counter()
    for text in CORPUS:
        for word in regex.findall(PATTERN, text.lower()):
            symbols = [letters[b] for b in word.encode()]
            words[(*symbols[:-1], symbols[-1] + "</w>")] += 1
    return learn(words, count)


PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def open_clip_file(path, merges):
    """merges in the format of the vocabulary that open_clip ships, byte for byte the same at every call."""
    text = "\n".join(["#version: trained on sentences.py", *(" ".join(m) for m in merges)])  # an empty line would be a token
    with gzip.GzipFile(path, "wb", mtime=0) as packed:
        packed.write(text.encode())


class PlainTokenizer(open_clip_tokenizer.SimpleTokenizer):
    """open_clip's tokenizer, which reads <end_of_text> as text when a user writes it, as clipd does on purpose."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.cache = {}
        self.pat = regex.compile(PATTERN, regex.IGNORECASE)

    def ids(self, text):
        """Ids as clipd gives them: cut, with the end kept, not padded."""
        row = self([text])[0].tolist()
        return row[: row.index(self.eot_token_id) + 1]


def clip_files(folder, merges):
    """vocab.json and merges.txt of transformers' CLIPTokenizer."""
    letters = list(open_clip_tokenizer.bytes_to_unicode().values())
    tokens = [*letters, *(c + "</w>" for c in letters), *("".join(m) for m in merges), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *(" ".join(m) for m in merges), ""]))


def clip_tokenizer(merges, length=77):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        clip_files(folder, merges)
        return transformers.CLIPTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=length)


@functools.cache
def bert_tokenizer(size, length):
    normalizer, splitter = tokenizers.normalizers.BertNormalizer(lowercase=True), tokenizers.pre_tokenizers.BertPreTokenizer()
    words = collections.Counter()
    for text in CORPUS:
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)):
            words[(word[0], *("##" + c for c in word[1:]))] += 1
    letters = collections.Counter()
    for symbols, n in words.items():
        for symbol in symbols:
            letters[symbol] += n
    alphabet = sorted(letters, key=lambda c: (-letters[c], c))[: size // 2]
    words = {symbols: n for symbols, n in words.items() if set(symbols) <= set(alphabet)}
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    merges = learn(words, size - len(special) - len(alphabet))
    vocab = list(dict.fromkeys([*special, *sorted(alphabet), *(a + b.removeprefix("##") for a, b in merges)]))
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("".join(t + "\n" for t in vocab))
        file.flush()
        return transformers.BertTokenizerFast(file.name, model_max_length=length)


def pieces(path, size, **options):
    """A sentencepiece model."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(FEW_SCRIPTS), model_writer=model, vocab_size=size, num_threads=1, minloglevel=2, **options,
    )
    pathlib.Path(path).write_bytes(model.getvalue())


def t5_tokenizer(size, length, rule="identity"):
    """As SigLIP's: unigrams, </s> behind, which is the padding too. SigLIP's own rule is nmt_nfkc, a table of 300 kB."""
    with tempfile.TemporaryDirectory() as scratch:
        path = scratch + "/spiece.model"
        pieces(path, size, model_type="unigram", normalization_rule_name=rule, character_coverage=0.985, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
        return transformers.T5TokenizerFast(path, extra_ids=0, model_max_length=length, pad_token="</s>", model_input_names=["input_ids"])


def gemma_tokenizer(size, length):
    """As SigLIP 2's: byte pairs that fall back to bytes, <eos> behind, <pad> 0."""
    with tempfile.TemporaryDirectory() as scratch:
        path = scratch + "/tokenizer.model"
        pieces(
            path, size, model_type="bpe", character_coverage=0.985, byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False,
            add_dummy_prefix=False, split_digits=True, allow_whitespace_only_pieces=True,
            pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>",
            user_defined_symbols=["<start_of_turn>", "<end_of_turn>"],
        )
        return transformers.GemmaTokenizerFast(
            path, padding_side="right", add_bos_token=False, add_eos_token=True, model_max_length=length, model_input_names=["input_ids"],
        )


def xlmr_tokenizer(size, length, rule="identity"):
    with tempfile.TemporaryDirectory() as scratch:
        path = scratch + "/sentencepiece.bpe.model"
        pieces(path, size, model_type="unigram", normalization_rule_name=rule, character_coverage=0.985)
        return transformers.XLMRobertaTokenizerFast(path, model_max_length=length)


def ids(tokenizer, text, length, **options):
    """A transformers tokenizer's ids; special tokens that stand in the text are text."""
    return tokenizer(text, truncation=True, max_length=length, split_special_tokens=True, **options)["input_ids"]
