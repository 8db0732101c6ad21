"""`smoke` and `bottleneck` hand on what the published script says and how it ends."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provision.errors import BrokenOffError, EngineError, PreflightError, SiteError
from provision.smoke import bottleneck, smoke
from tests.unit.router.station import COMMON, SHELLS, in_shell


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def publish(home: Path, text: str) -> None:
    folder = home / ".local/share/astraeus-provision"
    folder.mkdir(parents=True)
    (folder / "smoke.sh").write_text(text, "utf-8")
    (folder / "expected.tsv").write_text("opencode\t1\n", "utf-8")


def test_its_words_and_its_lines_pass_through(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    publish(home, 'echo "told: $*"\nexit 0\n')
    assert smoke("routing", live=True, as_json=True) == 0
    assert smoke("local") == 0
    assert bottleneck("30d") == 0
    assert capfd.readouterr().out == "told: routing --live --json\ntold: local\ntold: bottleneck --since 30\n"


def test_a_check_that_failed_is_exit_code_5(home: Path) -> None:
    publish(home, "exit 5\n")
    assert smoke("local") == 5


def test_where_nothing_was_published_it_is_exit_code_3(home: Path) -> None:
    with pytest.raises(PreflightError, match=r"smoke\.sh is not there") as caught:
        smoke("local")
    assert caught.value.exit_code == 3


def test_an_end_that_the_script_does_not_have_is_told(home: Path) -> None:
    publish(home, "exit 1\n")
    with pytest.raises(EngineError, match="ended with 1"):
        smoke("local")


@pytest.mark.parametrize("end", ["exit 141", "kill -PIPE $$"])
def test_a_reader_that_has_gone_is_no_fault(home: Path, end: str) -> None:
    publish(home, f"{end}\n")
    assert smoke("local") == 0


@pytest.mark.parametrize("end", ["exit 129", "kill -TERM $$"])
def test_a_check_that_a_signal_ends_is_no_success(home: Path, end: str) -> None:
    publish(home, f"{end}\n")
    with pytest.raises(BrokenOffError, match="broken off") as caught:
        smoke("local")
    assert caught.value.exit_code == 130


@pytest.mark.programs
@pytest.mark.parametrize(("signal", "code"), [("PIPE", 141), ("HUP", 129), ("INT", 129), ("TERM", 129)])
@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_tells_a_reader_that_has_gone_from_a_signal(shell: str, signal: str, code: int) -> None:
    ended = subprocess.run([*in_shell(shell), "-c", f"{COMMON}\nkill -{signal} $$\nsleep 5"], check=False)
    assert ended.returncode == code


@pytest.mark.parametrize("since", ["", "d", "-1", "7 d", "0", "10000", "٣", "1;x"])
def test_days_are_a_number(since: str, home: Path) -> None:
    publish(home, "exit 0\n")
    with pytest.raises(SiteError, match="no number of days"):
        bottleneck(since)
