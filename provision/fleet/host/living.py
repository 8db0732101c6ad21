"""The live part of a look: what files, units, rules and models of a provisioned host are right now."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from provision.facts import LedgerEntry, ListedModel, Live, LiveFile, LiveModel, LiveUnit

_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)", re.MULTILINE)


def _files(stats: Sequence[str], sums: Sequence[str]) -> dict[str, LiveFile]:
    sha256 = {line[66:]: line[:64] for line in sums}
    files = {}
    for line in stats:
        kind, mode, owner, group, size, path = line.split("|", 5)
        files[path] = LiveFile(
            kind=kind, mode=mode, owner=owner, group=group, size_bytes=int(size), sha256=sha256.get(path)
        )
    return files


def _units(shown: Sequence[str], exes: Sequence[str], environ: Sequence[str]) -> dict[str, LiveUnit]:
    exe = dict(line.split(" ", 1) for line in exes if " " in line)
    units: dict[str, LiveUnit] = {}
    for paragraph in "\n".join(shown).split("\n\n"):
        properties = dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        name = properties.get("Id", "")
        if name:
            own = (line.removeprefix(f"{name} ") for line in environ if line.startswith(f"{name} "))
            units[name] = LiveUnit(
                properties=properties,
                exe=exe.get(name),
                environment=dict(pair.split("=", 1) for pair in own if "=" in pair),
            )
    return units


def _contexts(parameters: Sequence[str]) -> dict[str, int]:
    contexts = {}
    for line in parameters:
        name, _, member = line.partition("|")
        try:
            found = _NUM_CTX.search(json.loads("{" + member + "}").get("parameters", ""))
        except ValueError:
            continue
        if found:
            contexts[name] = int(found.group(1))
    return contexts


def _ledger(lines: Sequence[str]) -> dict[str, LedgerEntry] | None:
    try:
        entries = json.loads("\n".join(lines))["models"]
        return {
            name: LedgerEntry(base_digest=entry["base_digest"], digest=entry["digest"])
            for name, entry in entries.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _texts(lines: Sequence[str]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if line.startswith(">/"):
            current = texts.setdefault(line[1:], [])
        else:
            current.append(line)
    return {path: "\n".join(body) for path, body in texts.items()}


def read_live(
    values: Mapping[str, Sequence[str]],
    blocks: Mapping[str, Sequence[str]],
    listed: Mapping[str, ListedModel] | None,
) -> Live | None:
    """The live facts; None where they were not asked for or root did not answer."""
    if "live" not in values:
        return None
    contexts = _contexts(blocks.get("live_parameters", ()))
    return Live(
        files=_files(blocks.get("live_stat", ()), blocks.get("live_sha256", ())),
        links=dict(line.split("|", 1) for line in blocks.get("live_links", ()) if not line.endswith("|")),
        units=_units(
            blocks.get("live_units", ()), values.get("live_exe", ()), blocks.get("live_environ", ())
        ),
        texts=_texts(blocks.get("live_texts", ())),
        sizes={
            path: int(size)
            for path, _, size in (line.rpartition("|") for line in blocks.get("live_sizes", ()))
        },
        nft_table="".join(f"{line}\n" for line in blocks["live_nft"]) if blocks.get("live_nft") else None,
        models=None
        if listed is None
        else {
            name: LiveModel(digest=model.digest, size_bytes=model.size_bytes, num_ctx=contexts.get(name))
            for name, model in listed.items()
        },
        ledger=_ledger(blocks.get("live_ledger", ())),
    )
