"""GPU memory of one loaded model, in bytes: what it really uses, and what Ollama predicts. Pure arithmetic.

As Ollama 0.32 and its llama.cpp do it, with flash attention: server/sched.go, llm/llama_server.go,
ml/device.go.
"""

from __future__ import annotations

from provision.catalogue import Model
from provision.model import Frozen
from provision.rolevars import CacheType

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
CACHE_BITS: dict[CacheType, float] = {"f16": 16, "q8_0": 8.5, "q4_0": 4.5}
"""Of each key or value, the scale of its block included."""
CACHE_STEP = 256
"""llama.cpp keeps room for this many tokens at a time."""
PROCESS_BYTES = 457 * MIB
"""Of llama-server on each card: the CUDA context and what belongs to it (ml/device.go, MinimumMemory)."""
MARGIN_BYTES = GIB
"""What llama.cpp wants free on each card beside a model, or it puts layers on the processor (fit target)."""
PROJECTOR_MARGIN_BYTES = GIB
"""What Ollama asks for beside a projector, in place of that margin (mmprojOffloadHeadroom)."""


class Use(Frozen):
    """What a loaded model takes of the cards, by purpose."""

    weights: int
    cache: int
    """Keys and values of the whole context, for all requests at once."""
    state: int
    buffers: int
    projector: int
    process: int

    @property
    def total(self) -> int:
        return self.weights + self.cache + self.state + self.buffers + self.projector + self.process


def slots_of(model: Model, slots: int) -> int:
    """Requests that the server answers at once on that model when it is set to so many."""
    return 1 if model.architecture.one_sequence else slots


def cells(model: Model, context_tokens: int, slots: int) -> int:
    """Tokens that all its requests hold together."""
    return min(context_tokens, model.architecture.train_context_tokens) * slots_of(model, slots)


def batch_of(tokens: int) -> int:
    """Tokens that are read at once where memory is not tight (sched.go, generationBatchForContext)."""
    if tokens > 32 * KIB:
        return 2048
    return 1024 if tokens > 4 * KIB else 512


def used(model: Model, context_tokens: int, slots: int, cache: CacheType, *, cards: int = 1) -> Use:
    """What it really uses, spread over that many cards."""
    shape = model.architecture
    tokens = cells(model, context_tokens, slots)
    padded = -(-tokens // CACHE_STEP) * CACHE_STEP
    batch = batch_of(tokens)
    embedding_bits = shape.untied_embedding_bits or 0
    on_processor = int(shape.vocabulary * shape.embedding * embedding_bits / 8)
    kept = shape.attention_layers * shape.kv_heads * 2 * shape.head_dim
    buffers = max(4 * batch * (shape.vocabulary + shape.embedding), 6 * batch * padded)
    return Use(
        weights=model.size_bytes - shape.projector_bytes - on_processor,
        cache=int(kept * CACHE_BITS[cache] / 8 * padded),
        state=shape.state_bytes * slots_of(model, slots),
        buffers=buffers * cards,
        projector=shape.projector_bytes + PROJECTOR_MARGIN_BYTES if shape.projector_bytes else 0,
        process=PROCESS_BYTES * cards,
    )


def margin(model: Model, *, cards: int = 1) -> int:
    """What must stay free beside it as it is loaded; one that reads pictures has a margin in its use."""
    return MARGIN_BYTES * (cards - 1 if model.architecture.projector_bytes else cards)


def predicted(model: Model, context_tokens: int, slots: int) -> int:
    """What Ollama takes it for, whatever the cache type (llama_server.go, PredictServerVRAM)."""
    shape = model.architecture
    fewest_kv_heads = shape.kv_heads if shape.attention_layers == shape.layers else 1
    per_token = 2 * shape.layers * fewest_kv_heads * (shape.embedding // shape.heads) * 2
    return model.size_bytes + per_token * cells(model, context_tokens, slots)


def surcharge(model: Model, context_tokens: int, slots: int) -> int:
    """What Ollama adds to that for its batch, where memory is not tight (generationBatchSurcharge)."""
    return {512: 0, 1024: 768 * MIB, 2048: 2 * GIB}[batch_of(cells(model, context_tokens, slots))]
