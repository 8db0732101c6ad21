"""The phases on workstations: who said nothing was not reached, and machines have the site's names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provision.engines import workstations
from provision.engines.process import Completed
from provision.fleet.workstation.invoke import LOCAL_NAME
from provision.fleet.workstation.shapes import PutBack
from provision.forms import LOCAL

SAID = f"""--> Loading config...
    [{LOCAL_NAME}] Connected
    [laptop] Connected
    [{LOCAL_NAME}] Success
    [laptop] Error: executed 1 commands
"""


SHORT = "laptop: not put back; the report says why"


def test_this_machine_has_the_sites_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pyinfra(run_dir: Path, *words: str, on_stderr: Callable[[str], None], **_: object) -> Completed:
        for line in SAID.splitlines():
            on_stderr(line)
        folder = run_dir / "workstations"
        folder.mkdir()
        done = PutBack(machine=LOCAL, status="changed", files=("/home/dev/x",))
        (folder / "putback.jsonl").write_text(done.model_dump_json() + "\n")
        return Completed(argv=words, returncode=0, stdout="", stderr=SAID)

    monkeypatch.setattr(workstations, "pyinfra", pyinfra)
    told: list[str] = []
    done = workstations.put_back(tmp_path, [LOCAL, "laptop"], log=lambda _: None, tell=told.append)
    assert told == [f"{LOCAL}: connected", "laptop: connected", f"{LOCAL}: put back", SHORT]
    assert done[LOCAL].files == ("/home/dev/x",)
    assert done["laptop"].problem == "not reached to putback"
