"""The program as a shell starts it: streams closed, full, unread or in ASCII, and broken off at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provision.errors import ExitCode

SITE = "hosts: [{name: gpu.example.com}]\nworkstations: []\n"


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command line, in which `ap` is the program."""
    site = folder / "site.yml"
    site.write_text(SITE)
    ap = f"{sys.executable} -m provision"
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; ap() {{ {ap} "$@"; }}; {command}'],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(folder), **env},
    )


def test_closed_streams_are_no_fault(tmp_path: Path) -> None:
    done = shell("ap lan --site site.yml <&-", tmp_path)
    assert (done.returncode, "not a terminal" in done.stderr) == (ExitCode.DESCRIPTION, True)
    assert shell("ap site check site.yml 2>&- <&-", tmp_path).returncode == 0
    assert shell("ap site check site.yml >&-", tmp_path).returncode == 0


def test_a_reader_that_is_gone_is_no_error(tmp_path: Path) -> None:
    for command in ("ap site schema | true", "ap --help | true", "ap site check site.yml | true"):
        done = shell(command, tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), command


def test_a_full_disk_behind_stdout_is_told(tmp_path: Path) -> None:
    done = shell("ap site schema >/dev/full", tmp_path)
    assert done.returncode == ExitCode.ENGINE
    assert "stdout cannot be written" in done.stderr
    assert "report it" not in done.stderr


def test_text_that_stdout_cannot_encode_does_not_break_it(tmp_path: Path) -> None:
    (tmp_path / "ü.yml").write_text(SITE)
    done = shell("ap site check ü.yml", tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, "right" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("ap lan --json --nope", "nope"),
        ("ap verify --json --site no.yml", "no such file"),
        ("ap lan --json --site site.yml", "not a terminal"),
    ],
)
def test_json_is_one_document_whatever_goes_wrong(tmp_path: Path, command: str, said: str) -> None:
    done = shell(command, tmp_path)
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert document["exit_code"] == done.returncode == ExitCode.DESCRIPTION
    assert said in document["failures"][0]["problem"]


def test_a_shell_that_does_not_complete_is_told(tmp_path: Path) -> None:
    done = shell("ap", tmp_path, _ASTRAEUS_PROVISION_COMPLETE="complete_bash")
    assert "Traceback" not in done.stderr
    assert "report it" not in done.stderr


def test_an_unknown_host_of_the_inventory_is_a_word_and_an_empty_mapping(tmp_path: Path) -> None:
    done = shell("ap inventory --site site.yml --host typo", tmp_path)
    assert (done.stdout.strip(), done.returncode) == ("{}", 0)
    assert "no such host" in done.stderr


def test_ctrl_c_in_the_first_moment_has_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(SITE)
    for wait_s in (0.05, 0.15, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-m", "provision", "site", "check", "site.yml"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        deadline = time.monotonic() + wait_s
        while process.poll() is None and time.monotonic() < deadline:
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        # Before Python itself is up there is nobody to say a word.
        assert process.returncode in (0, 130, -signal.SIGINT)
        assert "import typer" not in errors
