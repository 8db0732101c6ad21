"""Molecule's machines belong to the run that made them, as long as it lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import molecule
from tests.lab.shell import LabError

pytestmark = pytest.mark.lab

OTHER_RUN = """
import pathlib, sys
from tests.lab import molecule
molecule.create(pathlib.Path(sys.argv[1]), "server", ["kept"], molecule.keeper())
print("made", flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("lab")
def test_a_machine_is_its_run_s_until_that_is_killed(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    environment = {name: value for name, value in os.environ.items() if name != molecule.KEEPER}
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_RUN, str(theirs)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"made\n"
            with pytest.raises(LabError, match=r"belongs to the run in .*theirs"):
                molecule.create(ours, "server", ["kept"])
        finally:
            other.kill()
    try:
        molecule.create(ours, "server", ["kept"])
        assert "mol-kept" in (ours / "hosts.yml").read_text()
    finally:
        molecule.destroy(ours)
        molecule.destroy(theirs)


@pytest.mark.usefixtures("lab")
def test_a_machine_made_by_hand_stays_until_its_folder_is_gone(tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    molecule.create(theirs, "server", ["kept"])
    try:
        with pytest.raises(LabError, match=r"belongs to the run in .*theirs"):
            molecule.create(ours, "server", ["kept"])
        for path in theirs.iterdir():
            path.unlink()
        theirs.rmdir()
        molecule.create(ours, "server", ["kept"])
    finally:
        molecule.destroy(ours)
        molecule.destroy(theirs)
