"""What fits on some hosts, as values and as a person reads it: the document of `capacity`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from provision.catalogue import Catalogue, Model
from provision.fit import Fit, slots_together
from provision.model import Frozen
from provision.residency import RESERVED_BYTES, Server, fits_alone
from provision.rolevars import CacheType
from provision.vram import GIB, KIB, Use, margin, predicted, surcharge, used

MOST_TRIED = 16
"""Requests at once up to which it is looked whether a model fits."""
CONTEXTS = tuple(size * KIB for size in (4, 8, 16, 32, 64, 128, 256))


class ModelCapacity(Frozen):
    """One model on one host, at the host's settings; sizes are bytes."""

    name: str
    use: Use
    uses: int
    margin: int
    """What must be free beside it as it is loaded."""
    ollama_predicts: int
    ollama_adds: int
    """For its batch, where memory is not tight."""
    slots_by_cache: Mapping[CacheType, int]
    """Requests at once at which it still fits alone, MOST_TRIED at most; 0: not even one."""


class HostCapacity(Frozen):
    """One host."""

    name: str
    cards: tuple[str, ...]
    fit: Fit
    answers_at_once: int
    models: tuple[ModelCapacity, ...]
    swaps: tuple[tuple[str, str], ...]


class Capacity(Frozen):
    """All of it."""

    users: int
    context_tokens: int
    hosts: tuple[HostCapacity, ...]
    use_by_context: Mapping[str, Mapping[CacheType, Mapping[int, int]]]
    """Bytes by model, cache type and tokens of context, for one request at a time on one card."""


class CardHost(Frozen):
    """A host as this calculation sees it."""

    name: str
    cards: tuple[str, ...]
    """In words."""
    fit: Fit


def capacity(hosts: Sequence[CardHost], catalogue: Catalogue, users: int) -> Capacity:
    """Work it out for these hosts."""
    return Capacity(
        users=users,
        context_tokens=catalogue.context_tokens,
        hosts=tuple(_host(host, catalogue) for host in hosts),
        use_by_context={
            model.name: {
                cache: {tokens: used(model, tokens, 1, cache).total for tokens in _contexts(model)}
                for cache in get_args(CacheType)
            }
            for model in catalogue.models
        },
    )


def _contexts(model: Model) -> tuple[int, ...]:
    return tuple(tokens for tokens in CONTEXTS if tokens < model.architecture.train_context_tokens + 4 * KIB)


def _host(host: CardHost, catalogue: Catalogue) -> HostCapacity:
    found = host.fit
    names = (*found.served, *found.left_out, *found.elsewhere)
    asked = [model for model in catalogue.models if model.name in names]
    served = [model for model in asked if model.name in found.served]
    return HostCapacity(
        name=host.name,
        cards=host.cards,
        fit=found,
        answers_at_once=slots_together(served, found.server.slots, found.most_loaded),
        models=tuple(_model(model, found) for model in asked),
        swaps=found.swapping,
    )


def _model(model: Model, found: Fit) -> ModelCapacity:
    server = found.server
    use = used(model, server.context_tokens, server.slots, server.cache)
    return ModelCapacity(
        name=model.name,
        use=use,
        uses=use.total,
        margin=margin(model),
        ollama_predicts=predicted(model, server.context_tokens, server.slots),
        ollama_adds=surcharge(model, server.context_tokens, server.slots),
        slots_by_cache={cache: _most_slots(model, found, cache) for cache in get_args(CacheType)},
    )


def _most_slots(model: Model, found: Fit, cache: CacheType) -> int:
    context = found.server.context_tokens
    most = 1 if model.architecture.one_sequence else MOST_TRIED
    good = [
        count
        for count in range(1, most + 1)
        if fits_alone(model, Server(context_tokens=context, slots=count, cache=cache), found.cards)
    ]
    return max(good, default=0)


def gib(size: int) -> str:
    """`12.8`, in GiB."""
    return f"{size / GIB:.1f}"


def capacity_text(found: Capacity) -> str:
    """The same as a person reads it; all sizes in GiB."""
    users = f"{found.users} user{'' if found.users == 1 else 's'}"
    lines = [f"{found.context_tokens} tokens of context, {users}; sizes in GiB, computed, not measured"]
    for host in found.hosts:
        lines += ["", *_host_lines(host)]
    lines += ["", *_context_lines(found)]
    return "\n".join(lines)


def _host_lines(host: HostCapacity) -> list[str]:
    total, reserved = sum(host.fit.cards), RESERVED_BYTES * len(host.fit.cards)
    rows = [["", "uses", "= weights", "+ cache", "+ buffers", "+ pictures", "+ process", "Ollama predicts"]]
    rows[0] += [f"{cache} fits" for cache in get_args(CacheType)]
    for model in host.models:
        use = model.use
        parts = (use.weights, use.cache + use.state, use.buffers, use.projector, use.process)
        rows.append(
            [
                model.name,
                gib(model.uses),
                *(f"{'=' if not number else '+'} {gib(part)}" for number, part in enumerate(parts)),
                f"{gib(model.ollama_predicts)} + {gib(model.ollama_adds)}",
                *(_fits(count) for count in model.slots_by_cache.values()),
            ]
        )
    return [
        f"{host.name}: {', '.join(host.cards)}: {gib(total)} usable ({gib(reserved)} are the driver's)",
        *_table(rows),
        *(f"  {line}" for line in fit_lines(host.fit)),
        *([f"  answers at once: {host.answers_at_once}, others wait"] if host.fit.served else []),
    ]


def _fits(count: int) -> str:
    return "no" if not count else f"{count} at once" + ("+" if count == MOST_TRIED else "")


def _context_lines(found: Capacity) -> list[str]:
    rows = [["uses, one request at a time", "cache", *(f"{tokens // KIB}k" for tokens in CONTEXTS)]]
    for name, by_cache in found.use_by_context.items():
        rows += [
            [name, cache, *(gib(sizes[tokens]) if tokens in sizes else "-" for tokens in CONTEXTS)]
            for cache, sizes in by_cache.items()
        ]
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns aligned, the first two to the left."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            text.ljust(width) if not column else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def settings_text(found: Fit) -> str:
    """The server's settings that follow."""
    flash = "" if found.server.cache == "f16" else "OLLAMA_FLASH_ATTENTION=1 "
    return (
        f"OLLAMA_NUM_PARALLEL={found.server.slots} OLLAMA_MAX_LOADED_MODELS={found.most_loaded} "
        f"{flash}OLLAMA_KV_CACHE_TYPE={found.server.cache}"
    )


def fit_lines(found: Fit) -> tuple[str, ...]:
    """What is served, what stays loaded, what swaps, what is left out, and the settings: a line for each."""
    lines = [f"serves {', '.join(found.served) or 'none of them'}"]
    if found.elsewhere:
        lines.append(f"other hosts serve, so that less swaps: {', '.join(found.elsewhere)}")
    for some in found.resident:
        how = "in any order of loading" if some.order is None else "if loaded in this order"
        lines.append(f"stay loaded together {how}: {', '.join(some.order or some.models)}")
    lines += [f"swap, each puts out the other: {one}, {other}" for one, other in found.swapping]
    lines += [f"does not fit, not even alone: {name}" for name in found.left_out]
    if found.served:
        lines.append(f"settings: {settings_text(found)}")
    return tuple(lines)


def mib_text(names_and_mib: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """Cards in words: `2 x RTX 4090 (24564 MiB)`."""
    counted: dict[tuple[str, int], int] = {}
    for one in names_and_mib:
        counted[one] = counted.get(one, 0) + 1
    return tuple(
        f"{f'{count} x ' if count > 1 else ''}{name} ({mib} MiB)" for (name, mib), count in counted.items()
    )
