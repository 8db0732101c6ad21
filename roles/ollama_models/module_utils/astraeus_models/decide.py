"""What is to be done: pure comparison of wanted models, ledger and what the server lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible.module_utils.astraeus_models.ledger import Ledger
from ansible.module_utils.astraeus_models.names import full


@dataclass(frozen=True)
class Wanted:
    """One model that the host must serve, names completed."""

    name: str
    base: str
    num_ctx: int | None
    base_digest: str | None
    source: str
    insecure: bool
    size_bytes: int

    @property
    def is_derived(self) -> bool:
        return self.name != self.base


@dataclass(frozen=True)
class Work:
    """What is to be done: names to delete, names to forget without deleting, models to bring about."""

    delete: tuple[str, ...]
    forget: tuple[str, ...]
    serve: tuple[Wanted, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.delete or self.forget or self.serve)


def is_right(model: Wanted, ledger: Ledger, live: Mapping[str, str]) -> bool:
    """Whether what the server lists under the name is what we made, from the base that is wanted."""
    entry = ledger.models.get(model.name)
    return (
        entry is not None
        and live.get(model.name) == entry.digest
        and (entry.base, entry.num_ctx) == (model.base, model.num_ctx)
        and model.base_digest in (None, entry.base_digest)
    )


def decide(wanted: Sequence[Wanted], ledger: Ledger, live: Mapping[str, str], broken: frozenset[str]) -> Work:
    """Live maps every listed name to its digest; broken names have blobs that are missing or cut short."""
    serve = tuple(model for model in wanted if model.name in broken or not is_right(model, ledger, live))
    names = {model.name for model in wanted}
    bases = {name for model in serve for name in (model.base, model.source)}
    unwanted = [name for name in ledger.models if name not in names]
    ours = [name for name in unwanted if ledger.models[name].pulled_by_us]
    leftover = [name for name in ledger.pulled if name not in names | bases]
    return Work(
        delete=tuple(dict.fromkeys([*ours, *leftover])),
        forget=tuple(name for name in unwanted if name not in ours),
        serve=serve,
    )


def needs_pull(model: Wanted, ledger: Ledger, live: Mapping[str, str], broken: frozenset[str]) -> bool:
    """Whether the base on the host is missing or another one; a user's own right base is used as it is."""
    if model.base not in live or {model.base, model.name} & broken:
        return True
    if model.base_digest is not None:
        return live[model.base] != model.base_digest
    # Unpinned and served as it is: what differs from the ledger was altered after we pulled it.
    entry = ledger.models.get(model.name)
    return not model.is_derived and entry is not None and live[model.base] != entry.digest


def describe(work: Work, ledger: Ledger, live: Mapping[str, str], broken: frozenset[str]) -> list[str]:
    """One line for each thing that would be done."""
    lines = [f"remove {name}" for name in work.delete]
    for model in work.serve:
        if needs_pull(model, ledger, live, broken):
            lines.append(f"pull {model.source} ({_size(model.size_bytes)})")
        if model.is_derived:
            lines.append(f"derive {model.name} from {model.base} with num_ctx {model.num_ctx}")
    return lines


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"  # noqa: PLR2004


def wanted_from(item: Mapping[str, object]) -> Wanted:
    """A wanted model from the role variable, its names completed."""
    data = dict(item)
    for key in ("name", "base", "source"):
        data[key] = full(str(data[key]))
    return Wanted(**data)  # type: ignore[arg-type]  # the argument spec has checked the types
