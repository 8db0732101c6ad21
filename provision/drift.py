"""Whether a host already is what its role variables say, read off its live state; Ansible can then stay away.

Nothing is stamped: every fact is looked up anew, and one altered by hand is a drift. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from provision.catalogue import full_name
from provision.expected import ExpectedLive, ExpectedUfw, manifest_path
from provision.facts import HostFacts, Live

NOT_SEEN = "its live state cannot be seen (no root without a password), so Ansible compares it"
NOT_COMPARED = "the rules of its firewall manager are looked at by Ansible alone"


def drift(expected: ExpectedLive, facts: HostFacts) -> tuple[str, ...]:
    """What differs, one short sentence each; empty when the host is exactly as expected."""
    if facts.live is None:
        return (NOT_SEEN,)
    return tuple(text for texts in _parts(expected, facts, facts.live).values() for text in texts)


def drift_parts(expected: ExpectedLive, facts: HostFacts) -> dict[str, tuple[str, ...]]:
    """The same by what it is of, the first the cause of the next; empty where it is not seen."""
    if facts.live is None:
        return {}
    parts = _parts(expected, facts, facts.live)
    return {what: tuple(text for text in texts if text != NOT_COMPARED) for what, texts in parts.items()}


def _parts(expected: ExpectedLive, facts: HostFacts, live: Live) -> dict[str, tuple[str, ...]]:
    return {
        "files": tuple(_file_drift(expected, live)),
        "service": tuple(_unit_drift(expected, live)),
        "firewall": tuple(_firewall_drift(expected, live)),
        "server and models": tuple(_server_drift(expected, facts, live)),
    }


def _file_drift(expected: ExpectedLive, live: Live) -> Iterator[str]:
    for file in expected.files:
        found = live.files.get(file.path)
        if found is None:
            yield f"{file.path} is missing"
        elif not found.kind.startswith(file.kind):
            yield f"{file.path} is a {found.kind}, not a {file.kind}"
        elif (found.owner, found.group, found.mode) != (file.owner, file.group, file.mode):
            yield (
                f"{file.path} is {found.owner}:{found.group} {found.mode}, "
                f"expected {file.owner}:{file.group} {file.mode}"
            )
        elif file.sha256 is not None and found.sha256 != file.sha256:
            yield f"{file.path} has other content"
    for path in expected.absent:
        if path in live.files:
            yield f"{path} is still there"
    for path, target in expected.links.items():
        found_target = live.links.get(path)
        if found_target != target:
            yield f"{path} leads to {found_target or 'nothing'}, expected {target}"


def _unit_drift(expected: ExpectedLive, live: Live) -> Iterator[str]:
    for unit in expected.units:
        found = live.units.get(unit.name)
        state = {} if found is None else found.properties
        if state.get("UnitFileState") != "enabled":
            yield f"{unit.name} is {state.get('UnitFileState') or 'not installed'}, expected enabled"
        if state.get("ActiveState") != "active":
            yield f"{unit.name} is {state.get('ActiveState', 'not there')}, expected active"
        if state.get("NeedDaemonReload") == "yes":
            yield f"{unit.name} was changed since systemd read it"
        if found is None:
            continue
        if unit.exe is not None and found.exe != unit.exe:
            yield f"{unit.name} runs {found.exe or 'nothing'}, expected {unit.exe}"
        for name, value in unit.environment.items():
            if found.environment.get(name) != value:
                yield f"{unit.name} runs with {name}={found.environment.get(name, '')}, expected {value}"


def _firewall_drift(expected: ExpectedLive, live: Live) -> Iterator[str]:
    if expected.closed_by is None:
        return
    if expected.ufw is not None:
        yield from _ufw_drift(expected.ufw, live)
    if expected.nft_table is None:
        yield NOT_COMPARED
    elif _rules(live.nft_table or "") != _rules(expected.nft_table):
        yield (
            "the firewall's rules for the port differ" if live.nft_table else "the firewall table is missing"
        )


def _ufw_drift(expected: ExpectedUfw, live: Live) -> Iterator[str]:
    """Ours are told by their comment, which ufw writes in hex."""
    ours = f"comment={expected.comment.encode().hex()}"
    rules = [
        line.split()
        for text in (live.texts.get(path, "") for path in expected.files)
        for line in text.splitlines()
        if line.startswith("### tuple ### ") and line.endswith(ours)
    ]
    admitted = {words[8] for words in rules if words[3:6] == ["allow", "tcp", str(expected.port)]}
    if admitted != set(expected.admit):
        yield (
            f"ufw admits {', '.join(sorted(admitted)) or 'nobody'} to port {expected.port}, "
            f"expected {', '.join(expected.admit)}"
        )
    if not any(words[3:6] == ["deny", "tcp", str(expected.port)] for words in rules):
        yield f"ufw does not close port {expected.port} to the others"


def _rules(text: str) -> list[str]:
    """The table's body without comments, blank lines and the commands around it."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    start = max(
        (n for n, line in enumerate(lines) if line.startswith("table ") and line.endswith("{")), default=0
    )
    return [line for line in lines[start:] if line and not line.startswith("#")]


def _server_drift(expected: ExpectedLive, facts: HostFacts, live: Live) -> Iterator[str]:
    if facts.ollama.version != expected.version:
        yield f"the server says version {facts.ollama.version or '(nothing)'}, expected {expected.version}"
    if live.models is None:
        yield "the server does not list its models"
        return
    ledger = live.ledger or {}
    for model in expected.models:
        found = live.models.get(full_name(model.name))
        entry = ledger.get(full_name(model.name))
        if found is None:
            yield f"{model.name} is not there"
        elif entry is None:
            yield f"{model.name} is there, but not by us"
        elif model.base_digest is not None and entry.base_digest != model.base_digest:
            yield f"{model.name} was made from another {model.base}"
        elif found.digest != entry.digest:
            yield f"{model.name} was altered since we made it"
        elif model.num_ctx is not None and found.num_ctx != model.num_ctx:
            yield f"{model.name} has num_ctx {found.num_ctx}, expected {model.num_ctx}"
        elif not _blobs_are_whole(f"{expected.models_dir}/{manifest_path(model.name)}", live):
            yield f"{model.name} has files that are missing or cut short"
    wanted = {full_name(model.name) for model in expected.models}
    yield from (f"{name} is no longer served, but still there" for name in ledger if name not in wanted)


def _blobs_are_whole(manifest: str, live: Live) -> bool:
    """Whether every blob that the manifest names is there in its size; Ollama itself never looks again."""
    try:
        data = json.loads(live.texts[manifest])
        blobs = {
            layer["digest"].replace(":", "-"): layer["size"] for layer in (data["config"], *data["layers"])
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return False
    found = {Path(path).name: size for path, size in live.sizes.items()}
    return all(found.get(name) == size for name, size in blobs.items())
