"""Brings the wanted models about; the ledger is written before what it must remember happens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ansible.module_utils.astraeus_models.api import Api, ApiError
from ansible.module_utils.astraeus_models.decide import Wanted, Work, needs_pull
from ansible.module_utils.astraeus_models.ledger import Entry, Ledger, write_ledger
from ansible.module_utils.astraeus_models.pull import pull_slice
from ansible.module_utils.astraeus_models.store import (
    broken_names,
    drop_wrong_blobs,
    free_bytes,
    left_bytes,
)


class ServeError(Exception):
    """A model cannot be served; the text says what to do."""


@dataclass
class Room:
    """Where the work happens."""

    api: Api
    models_dir: Path
    ledger_path: Path
    ledger: Ledger
    margin_bytes: int
    deadline_s: float

    def save(self) -> None:
        write_ledger(self.ledger_path, self.ledger)

    def delete(self, name: str) -> None:
        if name in self.api.tags():
            self.api.delete(name)
        self.ledger.forgets(name)
        self.save()


def gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"


def check_space(models_dir: Path, missing: list[Wanted], margin_bytes: int) -> None:
    """Refuse before the first byte when what is missing cannot fit."""
    needed = max(0, sum(model.size_bytes for model in missing) - left_bytes(models_dir)) + margin_bytes
    free = free_bytes(models_dir)
    if missing and free < needed:
        names = ", ".join(model.base for model in missing)
        raise ServeError(
            f"{models_dir} has {gigabytes(free)} free, {names} need {gigabytes(needed)}. "
            "Nothing was pulled. Free space there, move the models folder to a larger disk, "
            "or serve fewer models, then run again."
        )


def explain(error: ApiError, model: Wanted, models_dir: Path) -> ServeError:
    """The server's words, and what to do about them."""
    text = str(error)
    if "no space left" in text:
        remedy = (
            f"{models_dir} is full ({gigabytes(free_bytes(models_dir))} free, the model needs "
            f"{gigabytes(model.size_bytes)}). Free space there, then run again: "
            "the pull goes on where it stopped."
        )
    elif "file does not exist" in text or "not found" in text:
        remedy = f"The source has no such model. Check the name {model.source} in the site file."
    elif "newer version" in text:
        remedy = "The model needs a newer Ollama than the pinned one."
    else:
        remedy = "Check that this host reaches the source, then run again: the pull goes on where it stopped."
    return ServeError(f"{model.source} could not be pulled: {text}. {remedy}")


def refuse_digest(room: Room, model: Wanted, pulled_name: str, digest: str) -> None:
    """Remove what was just pulled and is not what was pinned."""
    if digest == model.base_digest or model.base_digest is None:
        return
    is_ours = pulled_name in room.ledger.pulled
    if is_ours:
        room.delete(pulled_name)
        live = room.api.tags()
        room.ledger.pulled = [name for name in room.ledger.pulled if name in live]
        room.save()
    raise ServeError(
        f"{pulled_name} has digest {digest}, pinned is {model.base_digest}. "
        f"It was {'removed again' if is_ours else 'there before and stays'}. "
        "Either the source changed the tag, or the pin in the site file is for another model."
    )


def pull_base(room: Room, model: Wanted) -> str:
    """Bring the base about; the text says how far an unfinished pull is."""
    live = room.api.tags()
    ours = {name for name in (model.base, model.source) if name not in live}
    entry = room.ledger.models.get(model.name)
    if not model.is_derived and entry is not None and entry.pulled_by_us:
        ours.add(model.base)
    room.ledger.pulls(*ours)
    room.save()
    for name in {model.base, model.name}:
        drop_wrong_blobs(room.models_dir, name)
    try:
        unfinished = pull_slice(room.api, model.source, insecure=model.insecure, deadline_s=room.deadline_s)
    except ApiError as error:
        raise explain(error, model, room.models_dir) from error
    if unfinished:
        return unfinished
    refuse_digest(room, model, model.source, room.api.tags().get(model.source, "none"))
    if model.source != model.base:
        room.api.copy(model.source, model.base)
        room.delete(model.source)
    return ""


def derive(room: Room, model: Wanted) -> None:
    room.api.derive(model.name, model.base, model.num_ctx)
    got = room.api.num_ctx(model.name)
    if got != model.num_ctx:
        raise ServeError(f"{model.name} was derived with num_ctx {model.num_ctx}, but the server says {got}.")


def serve_one(room: Room, model: Wanted, *, other_bases: set[str]) -> str:
    """Bring one model about; the text says how far an unfinished pull is."""
    broken = broken_names(room.models_dir, (model.base, model.name))
    if needs_pull(model, room.ledger, room.api.tags(), broken):
        unfinished = pull_base(room, model)
        if unfinished:
            return f"{model.base}: {unfinished}"
    base_digest = room.api.tags()[model.base]
    pulled_by_us = model.is_derived or model.base in room.ledger.pulled
    if model.is_derived:
        derive(room, model)
    else:
        room.ledger.forgets(model.base)
    digest = room.api.tags()[model.name]
    room.ledger.models[model.name] = Entry(model.base, base_digest, digest, model.num_ctx, pulled_by_us)
    room.save()
    if model.is_derived and model.base in room.ledger.pulled and model.base not in other_bases:
        room.delete(model.base)
    return ""


def clear(room: Room, work: Work) -> None:
    """Take away what is no longer wanted; this also makes room."""
    for name in work.delete:
        room.delete(name)
    for name in work.forget:
        room.ledger.forgets(name)
        room.save()


def serve(room: Room, work: Work, kept: set[str]) -> str:
    """Bring the models about; the text says how far an unfinished pull is, empty when all is done."""
    for index, model in enumerate(work.serve):
        later = {other.base for other in work.serve[index + 1 :]}
        unfinished = serve_one(room, model, other_bases=later | kept)
        if unfinished:
            return unfinished
        if time.monotonic() > room.deadline_s and index + 1 < len(work.serve):
            return f"{model.name} is served"
    return ""
