"""What pyinfra says, read; and pyinfra itself on this machine over its local connector."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from provision.engines import pyinfra as engine
from provision.engines.process import Completed
from provision.errors import EngineError

STATE = "provision.fleet.look.State"


def completed(stdout: str, stderr: str = "", returncode: int = 0, *, timed_out: bool = False) -> Completed:
    return Completed(
        argv=("pyinfra",), returncode=returncode, stdout=stdout, stderr=stderr, timed_out=timed_out
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Could not connect (timed out)", "silent"),
        ("SSH error (Error reading SSH protocol banner)", "silent"),
        ("Authentication error (username=ops)", "login"),
        ("SSH error (StrictPolicy: No host key for gpu found in known_hosts)", "host key"),
        ("SSH host key error (Host key for gpu does not match.)", "host key"),
        ("Could not resolve hostname ([Errno -2] Name or service not known)", "name"),
        ("Could not connect ([Errno None] Unable to connect to port 22 on 10.0.0.9)", "refused"),
        ("Could not connect ([Errno 111] Connection refused)", "refused"),
        ("EOF error ()", "other"),
    ],
)
def test_a_complaint_becomes_a_kind(said: str, kind: str) -> None:
    assert engine.unreached(said).kind == kind


def test_complaints_are_told_apart_from_good_news() -> None:
    stderr = (
        "--> Connecting to hosts...\n    [a]    Connected\n    [bb]   Could not connect (timed out)\n"
        "    [bb]   EOF error ()\n    [c]    os Linux\n    [c]    Error: could not load fact: x\n"
    )
    assert {name: why.kind for name, why in engine.complaints(stderr).items()} == {"bb": "silent"}


def test_answers_by_machine_with_the_local_one_under_its_name() -> None:
    text = json.dumps({STATE: {"@local": {"a": 1}, "gpu": {"b": 2}, "broken-off": None}})
    assert engine.answers(completed(text)) == {"localhost": {"a": 1}, "gpu": {"b": 2}}


def test_nobody_reached_is_no_fault_of_the_engine() -> None:
    assert engine.answers(completed("", "--> pyinfra error: No hosts remaining!", 1)) == {}


def test_nonsense_is_a_fault_of_the_engine_with_its_last_words() -> None:
    with pytest.raises(EngineError) as caught:
        engine.answers(completed("", "ImportError: no module", 1))
    assert "ImportError" in caught.value.evidence


def test_this_machine_is_looked_at_by_the_real_pyinfra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.py").write_text("raise RuntimeError('the user keeps a config.py here')")
    run = tmp_path / "run"
    (run / "query").mkdir(parents=True)
    silent = {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "ssh_known_hosts_file": str(run / "none")}
    (run / "inventory.json").write_text(
        json.dumps({"hosts": {"gone": silent}, "workstations": {"localhost": {"local": True}}})
    )
    lines: list[str] = []
    found, missing = engine.gather(run, ["localhost", "gone"], log=lines.append)
    assert found.keys() == {"localhost"}
    assert {name: why.kind for name, why in missing.items()} == {"gone": "refused"}
    assert f"ASTRAEUS_RUN={run}" in lines[0]


def test_pyinfra_starts_without_what_it_does_not_need() -> None:
    python, *words = engine.program()
    done = subprocess.run(
        [python, "-X", "importtime", *words, "--version"],
        cwd=engine.PACKAGE_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("pyinfra: v3.")
    assert "paramiko.config" in done.stderr
    assert "invoke.context" not in done.stderr


def test_byte_code_of_ours_is_kept_though_pyinfra_keeps_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inventory.json").write_text("{}")
    monkeypatch.setenv("ASTRAEUS_RUN", str(tmp_path))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    code = f"""
import runpy, sys
sys.dont_write_bytecode = True
runpy.run_path({str(engine.INVENTORY)!r})
print(sys.dont_write_bytecode)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
