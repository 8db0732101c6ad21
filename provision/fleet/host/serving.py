"""Who serves on a host: the port's owner, the Ollama that is there, and how big what it lacks is."""

from __future__ import annotations

import re
from typing import Any

from provision.facts import FoundOllama, ListedModel, PortOwner
from provision.fleet.host.answer import Answer, json_object, settings

_UNIT = re.compile(r"/([^/\s]+\.service)(?=/|\s|$)")
_CONTAINER = re.compile(r"(?:docker|libpod|cri-containerd)[-/]([0-9a-f]{12,64})")


def _container(cgroup: str, answer: Answer, *, process: str) -> str | None:
    match = _CONTAINER.search(cgroup)
    for line in answer.block("docker"):
        identity, name, image, *ports = [*line.split(), "", ""]
        published = process == "docker-proxy" and any("->" in part for part in ports) and "ollama" in image
        if published or (match and identity.startswith(match.group(1))):
            return name
    return match.group(1)[:12] if match else None


def read_port_owner(answer: Answer) -> PortOwner:
    """Who listens on the port."""
    process = answer.one("port_process") or None
    pid = answer.number("port_pid")
    cgroup = "\n".join(answer.block("port_cgroup"))
    servers = answer.many("ollama_process")
    if process is None and answer.one("api_version") and len(servers) == 1:
        # Nobody may be named for a sandboxed process, but it answers as Ollama and there is one Ollama.
        number, _, cgroup = servers[0].partition(" ")
        process, pid = "ollama", int(number)
    unit = _UNIT.findall(cgroup)
    return PortOwner(
        process=process,
        pid=pid,
        unit=unit[-1] if unit else None,
        container=_container(cgroup, answer, process=process or ""),
    )


def _listed(answer: Answer) -> dict[str, ListedModel] | None:
    models = json_object(answer.one("api_tags")).get("models")
    if not isinstance(models, list):
        return None
    return {
        model["name"]: ListedModel(digest=model["digest"], size_bytes=model["size"])
        for model in models
        if {"name", "digest", "size"} <= set(model)
    }


def read_sources(answer: Answer) -> tuple[int | None, dict[str, int]]:
    """Sizes at the source: of the archive, and of each base by its manifest's layers."""
    archive = None
    bases = {}
    for line in answer.block("sources"):
        name, _, said = line.partition(">")
        if name == "archive":
            archive = int(said) if said.isdigit() else None
            continue
        layers = [*json_object(said).get("layers", ()), json_object(said).get("config") or {}]
        if len(layers) > 1:
            bases[name] = sum(int(layer.get("size", 0)) for layer in layers)
    return archive, bases


def read_ollama(answer: Answer, owner: PortOwner) -> FoundOllama:
    """What Ollama is there: a unit (ours or not), a container, a bare process."""
    unit = settings(answer.block("ollama_unit"))
    said = json_object(answer.one("api_version")).get("version")
    version = said if isinstance(said, str) else None
    found: dict[str, Any] = {
        "version": version,
        "command": answer.one("ollama_command") or None,
        "models_dir": answer.one("ollama_store") or None,
        "models": _listed(answer),
    }
    if unit.get("LoadState") == "loaded":
        kind = "ours" if answer.block("ollama_marker") else "unit"
        active = unit.get("ActiveState") in {"active", "activating", "reloading"}
        return FoundOllama(kind=kind, unit_path=unit.get("FragmentPath"), active=active, **found)
    is_ollama = version is not None or owner.process == "ollama"
    if owner.container and is_ollama:
        return FoundOllama(kind="docker", container=owner.container, active=True, **found)
    for line in answer.block("docker"):
        identity, name, image, *_ = [*line.split(), "", ""]
        if "ollama" in image.lower():
            return FoundOllama(kind="docker", container=name or identity[:12], active=True, **found)
    if is_ollama or answer.many("ollama_process"):
        return FoundOllama(kind="process", active=True, **found)
    return FoundOllama(command=found["command"])
