"""A model whose weights are set by hand: small, deterministic, and it answers what a test expects.

It says a fixed reply, word by word. Where a rule's marker stands in the prompt, and no tool result does,
it says that rule's text instead (a tool call). It is a valid one-layer `llama` GGUF, so a real Ollama
serves it.

Each token is embedded as two ones: `bias`, and what it is (plain text, start, a marker, a result, reply
word k, `said` for a rule's text). The layer has two heads with constant queries: head 0 looks for markers,
head 1 for a result; where there is none, the start of the text catches the attention. What a head finds it
adds to the residual, and the output matrix is the table that says what follows: plain -> word 0,
word k -> word k + 1, marker -> its rule, result -> no rule, said -> the end. The feed-forward weights are
zero.

The vocabulary has every piece of two and three letters, or else a coding agent's prompt of 50 kB would not
fit into the context of 32k tokens.
"""

from __future__ import annotations

import itertools
import string
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float16]

SPACE = "\u2581"
HEAD_DIM = 64
HEADS = 2
CONTEXT = 262144  # what the model admits; the server decides what it uses
CHAT_TEMPLATE = (
    "{%- for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}\n{%- endfor %}"
    "{%- if add_generation_prompt %}<|assistant|>\n{% endif -%}"
)
BIAS, PLAIN, START, RESULT, SAID, FIRST_WORD = range(6)


@dataclass(frozen=True)
class Behaviour:
    """What the model says; all pieces and markers are distinct strings."""

    name: str
    reply: tuple[str, ...]
    """Exact token texts, `SPACE` for a leading blank."""
    rules: dict[str, str] = field(default_factory=dict)
    """Marker in the prompt to the text of the answer."""
    result_mark: str = "<tool_response>"
    """What the server's prompt renderer writes before a tool's result."""


@dataclass(frozen=True)
class Vocabulary:
    """Token texts with their scores and types, and the ids that mean something."""

    tokens: list[str]
    scores: list[float]
    types: list[int]
    words: list[int]
    markers: list[int]
    texts: list[int]
    result: int


START_ID, END_ID = 1, 2


def write_model(target: Path, behaviour: Behaviour) -> None:
    """Write the GGUF; the same behaviour gives the same bytes."""
    vocabulary = _vocabulary(behaviour)
    width = (
        -(-(FIRST_WORD + len(behaviour.reply) + len(behaviour.rules)) // (HEAD_DIM * HEADS))
        * HEAD_DIM
        * HEADS
    )
    writer = gguf.GGUFWriter(target, "llama")
    _describe(writer, behaviour, vocabulary, width)
    _tensors(writer, behaviour, vocabulary, width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _vocabulary(behaviour: Behaviour) -> Vocabulary:
    kinds = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>"]
    types = [int(kinds.UNKNOWN), int(kinds.CONTROL), int(kinds.CONTROL)]
    scores = [0.0, 0.0, 0.0]

    def add(text: str, kind: gguf.TokenType, score: float = 0.0) -> int:
        tokens.append(text)
        types.append(int(kind))
        scores.append(score)
        return len(tokens) - 1

    for byte in range(256):
        add(f"<0x{byte:02X}>", kinds.BYTE)
    for rank, letter in enumerate([SPACE, *string.ascii_lowercase]):
        add(letter, kinds.NORMAL, -1000.0 - rank)
    pieces = [
        "".join(letters) for n in (1, 2, 3) for letters in itertools.product(string.ascii_lowercase, repeat=n)
    ]
    grams = {piece for piece in pieces if len(piece) > 1} | {
        SPACE + piece for piece in pieces if len(piece) < 3
    }
    for rank, gram in enumerate(sorted(grams - set(behaviour.reply), key=lambda gram: (-len(gram), gram))):
        add(gram, kinds.NORMAL, -rank / 1000)
    words = [
        add(word, kinds.NORMAL if word.startswith(SPACE) else kinds.USER_DEFINED, -2000.0 - rank)
        for rank, word in enumerate(behaviour.reply)
    ]
    markers = [add(marker, kinds.USER_DEFINED) for marker in behaviour.rules]
    texts = [add(text, kinds.USER_DEFINED) for text in behaviour.rules.values()]
    result = add(behaviour.result_mark, kinds.USER_DEFINED)
    while len(tokens) % 64:
        add(f"<|unused{len(tokens)}|>", kinds.UNUSED)
    if len(set(tokens)) != len(tokens):
        raise ValueError(f"{behaviour.name}: reply words, markers and texts must be distinct")
    return Vocabulary(tokens, scores, types, words, markers, texts, result)


def _describe(writer: gguf.GGUFWriter, behaviour: Behaviour, vocabulary: Vocabulary, width: int) -> None:
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name(behaviour.name)
    writer.add_size_label("fixture")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HEAD_DIM)
    writer.add_head_count(width // HEAD_DIM)
    writer.add_head_count_kv(width // HEAD_DIM)
    writer.add_key_length(HEAD_DIM)
    writer.add_value_length(HEAD_DIM)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_rope_freq_base(1e12)  # leaves the last pair of dimensions unrotated
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(vocabulary.tokens))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_scores(vocabulary.scores)
    writer.add_token_types(vocabulary.types)
    writer.add_bos_token_id(START_ID)
    writer.add_eos_token_id(END_ID)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(value=True)
    writer.add_add_eos_token(value=False)
    writer.add_add_space_prefix(value=False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _tensors(writer: gguf.GGUFWriter, behaviour: Behaviour, vocabulary: Vocabulary, width: int) -> None:
    words = range(FIRST_WORD, FIRST_WORD + len(behaviour.reply))
    marks = range(words.stop, words.stop + len(behaviour.rules))
    writer.add_tensor("token_embd.weight", _embeddings(vocabulary, width, words, marks))
    for norm in ("blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{norm}.weight", np.ones(width, np.float32))
    for name, matrix in _attention(width, marks).items():
        writer.add_tensor(f"blk.0.attn_{name}.weight", matrix)
    for name, shape in (("gate", (HEAD_DIM, width)), ("up", (HEAD_DIM, width)), ("down", (width, HEAD_DIM))):
        writer.add_tensor(f"blk.0.ffn_{name}.weight", np.zeros(shape, np.float16))
    writer.add_tensor("output_norm.weight", np.ones(width, np.float32))
    writer.add_tensor("output.weight", _what_follows(vocabulary, width, words, marks))


def _embeddings(vocabulary: Vocabulary, width: int, words: range, marks: range) -> Matrix:
    table = np.zeros((len(vocabulary.tokens), width), np.float16)
    table[:, BIAS] = 1
    table[:, PLAIN] = 1
    special = [(START_ID, START), (vocabulary.result, RESULT), *((text, SAID) for text in vocabulary.texts)]
    special += [*zip(vocabulary.words, words, strict=True), *zip(vocabulary.markers, marks, strict=True)]
    for token, channel in special:
        table[token, PLAIN] = 0
        table[token, channel] = 1
    return table


def _attention(width: int, marks: range) -> dict[str, Matrix]:
    gain = (width / 2) ** 0.5  # RMSNorm turns each of a token's two ones into this
    query, key, value, output = (np.zeros((width, width), np.float16) for _ in range(4))
    for head, channels in ((0, list(marks)), (1, [RESULT])):
        base = head * HEAD_DIM
        still = base + HEAD_DIM - 2  # of the pair that rotary leaves alone
        query[still, BIAS] = 20 / gain
        key[still, START] = 10 / gain  # a score of 25 after 1 / sqrt(64)
        for index, channel in enumerate(channels):
            key[still, channel] = 20 / gain  # a score of 50
            value[base + index, channel] = 1 / gain
            output[channel, base + index] = 1
    return {"q": query, "k": key, "v": value, "output": output}


def _what_follows(vocabulary: Vocabulary, width: int, words: range, marks: range) -> Matrix:
    table = np.zeros((len(vocabulary.tokens), width), np.float16)
    table[vocabulary.words[0], PLAIN] = 1
    for token, channel in zip([*vocabulary.words[1:], END_ID], words, strict=True):
        table[token, channel] = 1
    for token, channel in zip(vocabulary.texts, marks, strict=True):
        table[token, channel] = 3
        table[token, RESULT] = -6
    table[END_ID, SAID] = 10
    return table * np.float16(8)  # logits 45 apart: certain at any temperature
