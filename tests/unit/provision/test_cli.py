"""The whole command as a process, with streams and signals as they come; nothing is contacted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def command(tmp_path: Path, *words: str, redirect: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run it by a shell, which does to its streams what redirect says."""
    path = os.pathsep.join(filter(None, [env.pop("first", ""), str(ROOT)]))
    return subprocess.run(
        ["bash", "-c", f'"$0" -m provision "$@" {redirect}', sys.executable, *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path, "XDG_STATE_HOME": str(tmp_path / "state"), **env},
        timeout=60,
        check=False,
    )


def site(tmp_path: Path, text: str = "hosts: [{name: a}]\n") -> str:
    (tmp_path / "site.yml").write_text(text)
    return str(tmp_path / "site.yml")


@pytest.mark.parametrize(
    "words",
    [
        ("lan", "--json", "--nope"),
        ("verify", "--json"),
        ("lan", "--json", "x"),
        ("capacity", "--json", "--gpu", "x"),
    ],
)
def test_every_early_end_is_a_document(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = command(tmp_path, *words)
    document: dict[str, Any] = json.loads(ran.stdout)
    assert (ran.returncode, document["ok"], document["exit_code"]) == (2, False, 2)
    assert document["failures"][0]["problem"]


def test_a_wrong_option_is_told_with_the_usage(tmp_path: Path) -> None:
    ran = command(tmp_path, "lan", "--nope")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Usage:" in ran.stderr
    assert "--nope" in ran.stderr


@pytest.mark.parametrize("redirect", ["<&-", "2>&-", ">&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_fault(tmp_path: Path, redirect: str) -> None:
    ran = command(tmp_path, "lan", "--site", site(tmp_path), redirect=redirect)
    assert ran.returncode == 2
    assert "fault" not in ran.stderr
    assert "nobody can be asked here" in ran.stderr or "2>&-" in redirect


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("site", "schema"), ("site", "check", "FILE")]
)
def test_a_reader_that_has_gone_is_no_error(tmp_path: Path, words: tuple[str, ...]) -> None:
    given = [site(tmp_path) if word == "FILE" else word for word in words]
    ran = command(tmp_path, *given, redirect="> >(exit) ; code=$?; wait $!; exit $code")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("words", [("--help",), ("site", "schema"), ("verify", "--json")])
def test_a_full_stdout_is_told_on_stderr(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = command(tmp_path, *words, redirect=">/dev/full")
    assert ran.returncode == (2 if "--json" in words else 7)
    assert "No space left on device" in ran.stderr
    assert "fault" not in ran.stderr


def test_a_full_stderr_changes_nothing(tmp_path: Path) -> None:
    assert command(tmp_path, "verify", redirect="2>/dev/full").returncode == 2
    assert command(tmp_path, "lan", "--nope", redirect="2>/dev/full").returncode == 2


def test_a_stream_of_ascii_takes_every_text(tmp_path: Path) -> None:
    file = site(tmp_path, "hosts: [{name: a}]\nadmit: ['fe80::%x/64']\n")
    ran = command(tmp_path, "site", "check", file, PYTHONIOENCODING="ascii", redirect="2>&1")
    assert ran.returncode == 2
    assert "has a scope (%\\u2026)" in ran.stdout


def test_a_completion_that_no_shell_asked_for_is_told(tmp_path: Path) -> None:
    name = "_ASTRAEUS_PROVISION_COMPLETE"
    code = "import sys; sys.argv[0] = 'astraeus-provision'; from provision.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), name: "complete_bash", "XDG_STATE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert f"{name} is set" in ran.stderr


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_ctrl_c_while_it_still_starts_leaves_no_traceback(tmp_path: Path, number: str) -> None:
    (tmp_path / "typer.py").write_text(
        f"import os, signal, time\nos.kill(os.getpid(), signal.{number})\ntime.sleep(5)\n"
    )
    ran = command(tmp_path, "verify", first=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (130, "Interrupted. No machine was changed.\n")
    document = json.loads(command(tmp_path, "verify", "--json", first=str(tmp_path)).stdout)
    assert document["exit_code"] == 130
