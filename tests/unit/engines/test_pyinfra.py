"""What pyinfra says, read; and pyinfra itself on this machine over its local connector."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from provision.engines import pyinfra as engine
from provision.engines.process import Completed
from provision.errors import EngineError
from provision.fleet.answers import given
from tests.unit.provision.doors import behind, boasts, floods, greets, steers, web

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


def test_a_server_that_is_none_costs_only_itself(tmp_path: Path) -> None:
    doors = {"web": web, "flood": floods, "greets": greets, "boasts": boasts, "steers": steers}
    timeout = {"timeout": 1, "banner_timeout": 1, "auth_timeout": 1}
    with ExitStack() as stack:
        ports = {name: stack.enter_context(behind(door)) for name, door in doors.items()}
        hosts = {
            name: {
                "ssh_hostname": "127.0.0.1",
                "ssh_port": port,
                "ssh_known_hosts_file": str(tmp_path / "none"),
                "ssh_paramiko_connect_kwargs": timeout,
            }
            for name, port in ports.items()
        }
        (tmp_path / "inventory.json").write_text(
            json.dumps({"hosts": hosts, "workstations": {"localhost": {"local": True}}})
        )
        begun = time.monotonic()
        found, missing = engine.gather(tmp_path, ["localhost", *doors], log=lambda _: None, timeout_s=25)
        assert time.monotonic() - begun < 20
    assert found.keys() == {"localhost"}
    assert {name: (why.kind, why.reason.partition(":")[0]) for name, why in missing.items()} == {
        "web": ("refused", "it is no SSH server on that port"),
        "flood": ("refused", "it is no SSH server on that port"),
        "greets": ("silent", "its SSH server greets (SSH-2.0-x), and then says no more (timed out)"),
        "boasts": ("other", "its SSH server speaks nonsense (a packet of 2147483640 bytes)"),
        "steers": ("other", "Incompatible version (1.5?31m instead of 2.0)"),
    }


def test_what_was_answered_stays_where_another_never_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(run_dir: Path, *_: str, **__: object) -> Completed:
        (run_dir / "answers/gpu").write_text('{"a": 1}')
        (run_dir / "answers/half").write_text('{"a": ')
        return completed("", "    [bad]   SSH error (timed out)\n", timed_out=True)

    monkeypatch.setattr(engine, "pyinfra", cut_off)
    found, missing = engine.gather(tmp_path, ["gpu", "half", "bad"], log=lambda _: None, timeout_s=3)
    assert found == {"gpu": {"a": 1}}
    assert missing["half"].reason == "the look at it did not end within 3 s"
    assert missing["bad"].kind == "silent"
    assert not (tmp_path / "answers").exists()


def test_a_look_keeps_each_answer_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inventory.json").write_text(json.dumps({"workstations": {"localhost": {"local": True}}}))
    monkeypatch.setattr(engine, "answers", lambda _: given(tmp_path))
    found, _ = engine.gather(tmp_path, ["localhost"], log=lambda _: None)
    assert found.keys() == {"localhost"}


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
