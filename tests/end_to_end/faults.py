"""Ways in which a host fails its questions: with the real Ollama, or a stand-in where that cannot be had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provision.catalogue import load_catalogue
from tests.lab import faulty_ollama
from tests.lab.lab import LabMachine
from tests.lab.shell import until

CATALOGUE = load_catalogue()
MODELS = CATALOGUE.model_names
PORT = CATALOGUE.ollama.port
UNIT = "faulty"
PROGRAM = "/run/faulty_ollama.py"


def answers(host: LabMachine) -> bool:
    """Whether the host's port answers there."""
    line = f"curl -sf -m 2 -o /dev/null http://127.0.0.1:{PORT}/api/tags"
    return host.run(line, check=False).returncode == 0


@contextmanager
def refused(host: LabMachine) -> Iterator[None]:
    """Nobody listens."""
    host.run("systemctl stop ollama.service")
    try:
        yield
    finally:
        started(host)


def started(host: LabMachine) -> None:
    """The real one listens."""
    host.run("systemctl start ollama.service")
    until(lambda: answers(host), "Ollama answers")


@contextmanager
def removed(host: LabMachine) -> Iterator[None]:
    """The models are gone from it."""
    names = [(model, f"kept{number}") for number, model in enumerate(MODELS)]
    host.run(" && ".join(f"ollama cp {model} {kept} && ollama rm {model}" for model, kept in names))
    try:
        yield
    finally:
        host.run(" && ".join(f"ollama cp {kept} {model} && ollama rm {kept}" for model, kept in names))


@contextmanager
def hanging(host: LabMachine) -> Iterator[None]:
    """Connections are accepted, and nothing is ever said."""
    host.pause()
    try:
        yield
    finally:
        host.unpause()


@contextmanager
def stand_in(host: LabMachine, how: str) -> Iterator[None]:
    """A stand-in fails so."""
    host.write(PROGRAM, Path(faulty_ollama.__file__).read_text())
    with refused(host):
        host.run(
            f"systemd-run --quiet --collect --unit={UNIT} python3 {PROGRAM} {','.join(MODELS)} {PORT} {how}"
        )
        try:
            until(lambda: answers(host), "the stand-in answers")
            yield
        finally:
            host.run(f"systemctl stop {UNIT}.service")


@contextmanager
def fault(host: LabMachine, how: str) -> Iterator[None]:
    """One of the table's faults, by its name."""
    real = {"refused": refused, "404 removed": removed, "hangs": hanging}
    with real[how](host) if how in real else stand_in(host, how.split(maxsplit=1)[0]):
        yield


def asked(host: LabMachine, since: float) -> list[dict[str, Any]]:
    """The questions that the stand-in has had since that time."""
    said = host.run(f"journalctl --unit={UNIT} --output=cat --since=@{since:.0f}").stdout
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]
