"""`smoke local`: one check for each thing that can be wrong on a workstation."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

import pytest

from router.smoke import smoke_script
from tests.unit.router.station import (
    COMMON,
    MODEL,
    REF,
    SHELLS,
    SISYPHUS,
    Station,
    closed_port,
    failed,
    other_url,
    write,
)

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("shell", SHELLS)
def test_local_finds_a_whole_workstation_well(shell: str, station: Station) -> None:
    checks = station.checks("local", shell=shell)
    assert not failed(checks)
    assert list(checks) == [
        "opencode",
        "plugin",
        "config",
        "router",
        MODEL,
        f"{MODEL}: tool call",
        f"{MODEL}: context",
    ]
    assert "tokens/s" in checks[MODEL]["detail"]


def _version(station: Station) -> None:
    station.version = "1.9.0"


def _newer(station: Station) -> None:
    station.version = "1.18.40"


def _no_plugin(station: Station) -> None:
    station.config["plugin"] = []


def _plugin_unloaded(station: Station) -> None:
    del station.config["agent"][SISYPHUS]


def _no_model(station: Station) -> None:
    station.config["provider"]["ollama"]["models"] = {}


def _other_process(station: Station) -> None:
    station.server.router = "hello"


def _full(station: Station) -> None:
    station.server.status = 503


def _written_call(station: Station) -> None:
    station.server.called = ""


def _short(station: Station) -> None:
    station.server.context = 4096


@pytest.mark.parametrize(
    ("change", "check", "word"),
    [
        (_version, "opencode", "1.9.0 is older than 1.18.33"),
        (_newer, "opencode", "1.18.40 is newer than 1.18.33"),
        (_no_plugin, "plugin", "does not name it"),
        (_plugin_unloaded, "plugin", "did not load it"),
        (other_url, "config", "is asked at http://elsewhere/v1, not at http://127.0.0.1:"),
        (_no_model, "config", f"does not have the model {REF}"),
        (_other_process, "router", "another process answers"),
        (_full, MODEL, "HTTP 503: its memory is full"),
        (_written_call, f"{MODEL}: tool call", "it called no tool"),
        (_short, f"{MODEL}: context", "4096 on gpu1, not 32768 tokens"),
    ],
)
def test_local_names_what_is_wrong(
    change: Callable[[Station], None], check: str, word: str, station: Station
) -> None:
    change(station)
    wrong = failed(station.checks("local"))
    assert list(wrong) == [check]
    assert word in wrong[check]


def test_a_tool_call_that_is_known_to_fail_is_no_fault(station: Station) -> None:
    station.server.called = ""
    station.facts = {"tools": {MODEL: "may fail"}}
    checks = station.checks("local")
    assert not failed(checks)
    assert "known of this model" in checks[f"{MODEL}: tool call"]["detail"]


@pytest.mark.parametrize("shell", SHELLS)
def test_with_nothing_up_each_check_says_so_at_once(shell: str, station: Station) -> None:
    station.port = closed_port()
    station.url = f"http://127.0.0.1:{station.port}"
    station.config["provider"]["ollama"]["options"]["baseURL"] = f"{station.url}/v1"
    began = time.monotonic()
    done = station.run("local", shell=shell)
    assert time.monotonic() - began < 20
    assert done.returncode == 5
    assert f"FAILED  router                            {station.url}: nobody listens there\n" in done.stdout
    assert "systemctl --user restart astraeus-router" in done.stdout
    assert f"FAILED  {MODEL} " in done.stdout
    assert done.stdout.endswith("2 of 5 checks failed.\n")
    assert "\033" not in done.stdout, "no colour where nobody looks"


def test_a_model_that_hangs_costs_no_more_than_there_is(station: Station) -> None:
    station.server.wait_s = 30
    began = time.monotonic()
    wrong = failed(station.checks("local", script=lambda text: text.replace("MOST_S=110", "MOST_S=6")))
    assert time.monotonic() - began < 20
    assert any(word in wrong[MODEL] for word in ("no answer in time", "6 s are over"))


def test_without_an_opencode_the_rest_is_still_looked_at(station: Station) -> None:
    wrong = station.checks(
        "local",
        script=lambda text: text.replace("find_opencode() {", "find_opencode() { return; ", 1).replace(
            "command -v opencode", "command -v no-such-opencode"
        ),
    )
    assert "OpenCode is not on this machine" in failed(wrong)["opencode"]
    assert wrong["router"]["ok"]
    assert wrong[MODEL]["ok"]


@pytest.mark.parametrize(
    "words",
    [(), ("nothing",), ("local", "--live"), ("bottleneck", "--since"), ("bottleneck", "--since", "1;x")],
)
def test_wrong_words_are_answered_with_the_usage(words: tuple[str, ...], station: Station) -> None:
    station.written()
    script = station.data / "smoke.sh"
    write(script, smoke_script(COMMON))
    done = subprocess.run(["sh", str(script), *words], capture_output=True, check=False, env=dict(os.environ))
    assert done.returncode == 2
    assert done.stderr.startswith(b"usage: ")


def test_a_workstation_without_facts_is_told(station: Station) -> None:
    checks = station.checks("local", script=lambda text: text.replace("expected.tsv", "nothing.tsv"))
    assert "nothing.tsv is not there" in failed(checks)["published"]
