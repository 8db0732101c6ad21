"""`site export --sh`: the file's checksum is told, and what it leaves out."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from provision import joining
from provision.catalogue import load_catalogue
from provision.shjoin import WITHOUT, WITHOUT_SHELLS, sh_file
from provision.sitefile import Described
from tests.unit.provision.stage import operation
from tests.unit.provision.test_bundle import DIGESTS, site


def test_its_checksum_is_that_of_all_below_its_first_lines() -> None:
    text, checksum, left_out = sh_file(site(), DIGESTS, load_catalogue())
    first, second, body = text.split("\n", 2)
    assert first == "#!/bin/sh"
    assert f"sha256 {checksum} " in second
    assert hashlib.sha256(body.encode()).hexdigest() == checksum
    assert left_out == (WITHOUT,)
    assert sh_file(site(), DIGESTS, load_catalogue())[1] == checksum


def test_what_shells_do_not_get_is_said() -> None:
    text, _, left_out = sh_file(site(client_env=True), DIGESTS, load_catalogue())
    assert WITHOUT_SHELLS in left_out
    assert "export OLLAMA_HOST" not in text


def test_it_is_what_a_posix_shell_reads(tmp_path: Path) -> None:
    path = tmp_path / "join.sh"
    path.write_text(sh_file(site(), DIGESTS, load_catalogue())[0])
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0


@pytest.mark.parametrize("as_json", [True, False])
def test_it_is_written_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    def begun(described: Described, *_: Any, **__: Any) -> Any:
        return operation(tmp_path, site=described.site), described

    described = Described(site=site(), origin="a test")
    monkeypatch.setattr(joining, "describe_deployed", lambda _: described)
    monkeypatch.setattr(joining, "begun", begun)
    monkeypatch.setattr(joining, "_served", lambda one: (one.site, DIGESTS))
    out = tmp_path / "join.sh"
    assert joining.export(out, None, as_sh=True, as_json=as_json, verbose=False) == 0
    checksum = out.read_text().split("sha256 ", 1)[1].split()[0]
    said = capsys.readouterr().out
    if as_json:
        assert json.loads(said)["sha256"] == checksum
        assert json.loads(said)["left_out"] == [WITHOUT]
    else:
        assert f"sha256 {checksum}" in said
        assert f"on the new workstation: sh {out}" in said
