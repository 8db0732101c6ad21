import subprocess
from pathlib import Path

import pytest

from tests.lab.images import FOLDER, PARENTS
from tests.lab.layout import ENTER
from tests.lab.shell import LabError, run, run_logged, until


def test_a_failure_shows_the_end_of_what_was_said() -> None:
    with pytest.raises(LabError, match=r"ended with 3\n    \| went wrong"):
        run(["sh", "-c", "echo went wrong >&2; exit 3"])


def test_a_missing_program_is_named() -> None:
    with pytest.raises(LabError, match="no-such-program is not installed"):
        run(["no-such-program"])


def test_a_long_command_that_fails_names_its_log(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=str(tmp_path / "x.log")):
        run_logged(["sh", "-c", "echo boom; exit 1"], tmp_path / "x.log")


def test_a_condition_that_never_holds_ends_at_the_deadline() -> None:
    with pytest.raises(LabError, match="the sky falls: not so after"):
        until(lambda: False, "the sky falls", timeout_s=0.2, every_s=0.05)


def test_enter_without_a_command_says_how_it_is_used() -> None:
    done = subprocess.run([ENTER], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage" in done.stderr


def test_every_image_has_its_file_and_every_file_its_image() -> None:
    assert {path.name.removesuffix(".Containerfile") for path in FOLDER.glob("*.Containerfile")} == set(
        PARENTS
    )
    assert {parent for parent in PARENTS.values() if parent} <= set(PARENTS)
