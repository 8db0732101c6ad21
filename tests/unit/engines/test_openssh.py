"""OpenSSH beside the engines: what is said where it is missing, and what a host's words may do."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.engines.openssh import probe_off_list, tunnel
from provision.errors import EngineError
from tests.unit.provision.stage import way


def fake_ssh(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "ssh").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_without_openssh_its_absence_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="OpenSSH client is missing"):
        probe_off_list(way("gpu"), 11434, None, lambda _: None)
    with pytest.raises(EngineError, match="OpenSSH client is missing"), tunnel(way("gpu"), 1, lambda _: None):
        pass


def test_a_host_s_words_cannot_steer_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_ssh(tmp_path, monkeypatch, "printf 'open to \\033[31mall \\377'")
    found = probe_off_list(way("gpu"), 11434, None, lambda _: None)
    assert (found.verdict, found.detail) == ("open", "to ?[31mall \ufffd")
    fake_ssh(tmp_path, monkeypatch, "printf 'denied \\033[31m' >&2; exit 255")
    found = probe_off_list(way("gpu"), 11434, None, lambda _: None)
    assert found.detail == "the probe did not run: denied ?[31m"
    with pytest.raises(EngineError) as caught, tunnel(way("gpu"), 1, lambda _: None):
        pass
    assert caught.value.evidence == "denied ?[31m"
