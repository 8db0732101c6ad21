"""A smoke command with nothing whole to compare with, nowhere to work or nowhere to write says so: 5."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.unit.router.station import SHELLS, Station, in_shell, tree

pytestmark = pytest.mark.programs
COMMANDS = (("local",), ("routing",), ("bottleneck",))


def started(
    station: Station, *words: str, shell: str = "dash", **env: str | None
) -> subprocess.CompletedProcess[str]:
    """Run what was published, in a changed environment."""
    changed = {name: text for name, text in (station.env | env).items() if text is not None}
    return subprocess.run(
        [*in_shell(shell), str(station.data / "smoke.sh"), *words],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=60,
        stdin=subprocess.DEVNULL,
        env=changed,
    )


def one_fault(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a command says where it can do nothing: the fault and its remedy."""
    assert not done.stderr
    assert done.returncode == 5
    told = json.loads(done.stdout)
    assert told["ok"] is False
    if "advice" in told:
        assert told["rows"] == []
        return " ".join(told["advice"])
    (check,) = told["checks"]
    assert check["remedy"]
    return f"{check['detail']}: {check['remedy']}"


def _nothing(_: str) -> str:
    return ""


def _one_line(text: str) -> str:
    return next(line for line in text.splitlines(keepends=True) if line.startswith("config"))


def _one_line_less(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("host"))


def _broken_off(text: str) -> str:
    return text[: text.index("\nend")]


def _no_config(text: str) -> str:
    return _counted("".join(line for line in text.splitlines(keepends=True) if not line.startswith("config")))


def _config_nowhere(text: str) -> str:
    return text.replace("config\t", "config\t/opencode.json\t")


def _no_opencode(text: str) -> str:
    return _counted("".join(text.splitlines(keepends=True)[1:]))


def _counted(text: str) -> str:
    lines = text.splitlines()[:-1]
    return "\n".join([*lines, f"end\t{len(lines)}", ""])


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "left", [_nothing, _one_line, _one_line_less, _broken_off, _no_config, _config_nowhere, _no_opencode]
)
def test_facts_that_are_not_whole_are_not_compared_with(
    left: Callable[[str], str], words: tuple[str, ...], station: Station
) -> None:
    # Whatever it would copy by mistake is beside what it has.
    station.publish(lambda text: text.replace("cp -RL", "echo copied >&2; :"))
    facts = station.data / "expected.tsv"
    facts.write_text(left(facts.read_text("utf-8")), "utf-8")
    said = one_fault(started(station, *words, "--json"))
    assert f"{facts} is not whole" in said
    assert "astraeus-provision router apply" in said


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_a_folder_to_work_in_it_still_answers(
    words: tuple[str, ...], shell: str, station: Station
) -> None:
    station.publish()
    nowhere = str(station.root / "nowhere")
    said = one_fault(started(station, *words, "--json", shell=shell, TMPDIR=nowhere))
    assert f"no temporary folder can be made in {nowhere}" in said
    assert "TMPDIR" in said
    plain = started(station, *words, shell=shell, TMPDIR=nowhere)
    assert "no temporary folder" in plain.stdout
    assert (plain.stderr, plain.returncode) == ("", 5)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_a_home_it_still_answers(words: tuple[str, ...], shell: str, station: Station) -> None:
    station.publish()
    assert "HOME is not set" in one_fault(started(station, *words, "--json", shell=shell, HOME=None))
    assert not list((station.root / "tmp").iterdir())


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_no_utf_8_makes_no_json_that_is_none(shell: str, station: Station) -> None:
    station.publish()
    omo = station.omo_file.read_bytes().replace(b"google/gemini-flash-latest", b"google/caf\xe9")
    station.omo_file.write_bytes(omo)
    done = started(station, "routing", "--json", shell=shell)
    details = {one["check"]: one["detail"] for one in json.loads(done.stdout)["checks"]}
    assert "google/caf?" in details["explore"]


def test_letters_of_other_languages_stay(station: Station) -> None:
    station.omo["[opencode]"]["agents"]["explore"]["fallback_models"] = ["google/café"]
    station.publish()
    station.omo_file.write_text(json.dumps(station.omo, ensure_ascii=False), "utf-8")
    assert "google/café" in started(station, "routing", "--json").stdout


@pytest.mark.parametrize("days", ["0", "0d", "000"])
def test_no_days_are_no_time_to_look_back(days: str, station: Station) -> None:
    station.publish()
    done = started(station, "bottleneck", "--since", days, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: ")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("json_too", ["", "--json"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("end", [">&-", ">/dev/full"])
def test_an_answer_that_cannot_be_written_is_no_success(
    end: str, words: tuple[str, ...], json_too: str, shell: str, station: Station
) -> None:
    script = station.publish()
    before = tree(station.home)
    line = " ".join([*in_shell(shell), f"'{script}'", *words, json_too, end])
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, check=False, encoding="utf-8", timeout=60, env=station.env
    )
    assert done.returncode == 5
    assert done.stderr.splitlines() == ["smoke.sh: what it has to say cannot be written to stdout"]
    assert tree(station.home) == before
    assert not list((station.root / "tmp").iterdir())


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("json_too", ["", "--json"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_reader_that_has_gone_hears_no_more(
    words: tuple[str, ...], json_too: str, shell: str, station: Station
) -> None:
    script = station.publish()
    line = " ".join([*in_shell(shell), f"'{script}'", *words, json_too, "| exec true; exit ${PIPESTATUS[0]}"])
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, check=False, encoding="utf-8", timeout=60, env=station.env
    )
    assert done.stderr == ""
    assert done.returncode in (129, 141)
    assert not list((station.root / "tmp").iterdir())
