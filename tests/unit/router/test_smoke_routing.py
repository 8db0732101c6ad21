"""`smoke routing`: every agent, every link, and one real question for each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.router.station import (
    FLASH,
    GPT,
    REF,
    SHELLS,
    SISYPHUS,
    Station,
    closed_port,
    failed,
    other_url,
)

pytestmark = pytest.mark.programs


@pytest.mark.parametrize("shell", SHELLS)
def test_routing_finds_every_agent_and_link_well(shell: str, station: Station) -> None:
    checks = station.checks("routing", shell=shell)
    assert not failed(checks)
    assert list(checks) == ["sisyphus", "explore", "security", REF, "google", "openai"]
    assert checks["explore"]["detail"] == f"{REF} (gpu, free); reads only; then {FLASH}"
    assert checks["openai"]["detail"].endswith("its key: OPENAI_API_KEY")


def test_an_address_that_opencode_does_not_show_is_not_asked(station: Station) -> None:
    station.config["provider"]["google"]["options"]["baseURL"] = "***"
    checks = station.checks("routing")
    assert not failed(checks)
    assert "at an address with a password, which is not checked" in checks["google"]["detail"]


def _given(agent: str, **permissions: object) -> Callable[[Station], None]:
    def change(station: Station) -> None:
        station.config["agent"][agent]["permission"].update(permissions)

    return change


def _other_model(station: Station) -> None:
    station.config["agent"]["explore"]["model"] = GPT


def _no_agent(station: Station) -> None:
    del station.config["agent"]["explore"]


def _other_chain(station: Station) -> None:
    station.omo["[opencode]"]["agents"]["explore"]["fallback_models"] = [GPT]


def _other_own_chain(station: Station) -> None:
    station.chains["security"] = [FLASH]


def _unlisted(station: Station) -> None:
    station.server.listed = ["other:latest"]


def _no_key(station: Station) -> None:
    station.keys = {}


def _no_cloud(station: Station) -> None:
    station.config["provider"]["google"]["options"]["baseURL"] = f"http://127.0.0.1:{closed_port()}"


@pytest.mark.parametrize(
    ("change", "check", "word"),
    [
        (_other_model, "explore", f"it thinks with {GPT}, not with {REF}"),
        (_no_agent, "explore", "OpenCode knows no such agent"),
        (_given("explore", edit="allow"), "explore", "it may use edit (allow), and should not"),
        (_given("explore", bash="ask"), "explore", "it may use bash (ask), and should not"),
        (_given("explore", bash={"git *": "allow"}), "explore", "it may use bash (partly), and should not"),
        (_given("security", webfetch="allow"), "security", "it may use webfetch (allow), and should not"),
        (_given("security", edit="deny"), "security", "it may not use edit, and should"),
        (_other_chain, "explore", f"after {REF} comes {GPT} in ~/.omo/omo.jsonc, not {FLASH}"),
        (_other_own_chain, "security", f"its chain is {FLASH} in "),
        (other_url, "explore", "it is asked at http://elsewhere/v1"),
        (_unlisted, REF, "no host lists it"),
        (_no_key, "openai", "no key"),
        (_no_cloud, "google", "nobody listens there"),
    ],
)
def test_routing_names_what_is_wrong(
    change: Callable[[Station], None], check: str, word: str, station: Station
) -> None:
    change(station)
    wrong = failed(station.checks("routing"))
    assert list(wrong) == [check]
    assert word in wrong[check]


@pytest.mark.parametrize("shell", SHELLS)
def test_live_asks_every_agent_once(shell: str, station: Station) -> None:
    station.live = {SISYPHUS: GPT, "explore": FLASH, "security": None}
    # A fault is waited upon for what comes after it.
    checks = station.checks(
        "routing", "--live", shell=shell, script=lambda text: text.replace("20000", "1000")
    )
    wrong = failed(checks)
    assert list(wrong) == ["explore: live", "security: live"]
    assert f"{FLASH} stepped in for {REF}" in wrong["explore: live"]
    assert wrong["security: live"].endswith(": no model")
    assert f"{GPT} answered in " in checks["sisyphus: live"]["detail"]
