"""Every fact that the roles leave on a host is compared: each one altered by hand is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provision.drift import NOT_COMPARED, drift
from provision.expected import ExpectedLive, ExpectedUfw
from provision.facts import HostFacts, Live
from tests.unit.provision.bed import BARE, converged, expected

MODEL = "qwen3-coder-32k:latest"
SERVICE = "ollama.service"
FIREWALL = "astraeus-firewall.service"


def seen(change: Callable[[dict[str, Any]], None], version: str | None = None) -> tuple[str, ...]:
    """Drift of a converged host whose live state is changed as JSON."""
    facts = converged()
    if facts.live is None:
        raise AssertionError
    data = facts.live.model_dump()
    change(data)
    update: dict[str, Any] = {"live": Live.model_validate(data)}
    if version is not None:
        update["ollama"] = facts.ollama.model_copy(update={"version": version})
    return drift(expected(), facts.model_copy(update=update))


def at(*keys: str, **changes: str) -> Callable[[dict[str, Any]], None]:
    """A change of the mapping that these keys lead to."""

    def change(live: dict[str, Any]) -> None:
        place: Any = live
        for key in keys:
            place = place[key]
        place.update(changes)

    return change


def test_a_host_as_expected_has_no_drift() -> None:
    assert drift(expected(), converged()) == ()


def test_a_host_that_cannot_be_seen_is_not_called_right() -> None:
    assert "cannot be seen" in drift(expected(), BARE)[0]


@pytest.mark.parametrize("path", [file.path for file in expected().files])
def test_every_file_is_compared(path: str) -> None:
    (file,) = (file for file in expected().files if file.path == path)
    other = "directory" if file.kind != "directory" else "regular file"
    assert seen(lambda live: live["files"].pop(path)) == (f"{path} is missing",)
    assert f"{path} is a {other}" in seen(lambda live: live["files"][path].update(kind=other))[0]
    for part in ("owner", "group", "mode"):
        (said,) = seen(at("files", path, **{part: "777"}))
        assert said.startswith(f"{path} is ")
    if file.sha256 is not None:
        assert seen(lambda live: live["files"][path].update(sha256="0" * 64)) == (
            f"{path} has other content",
        )


def test_files_that_we_write_are_compared_by_content() -> None:
    compared = {file.path.rpartition("/")[2] for file in expected().files if file.sha256}
    assert {"ollama.service", "10-astraeus.conf", FIREWALL} < compared


@pytest.mark.parametrize("path", expected().links)
def test_every_link_is_compared(path: str) -> None:
    assert "leads to /else" in seen(lambda live: live["links"].update({path: "/else"}))[0]
    assert "leads to nothing" in seen(lambda live: live["links"].pop(path))[0]


@pytest.mark.parametrize("unit", [unit.name for unit in expected().units])
def test_every_unit_must_run_be_enabled_and_be_read_again(unit: str) -> None:
    def state(**properties: str) -> Callable[[dict[str, Any]], None]:
        return lambda live: live["units"][unit]["properties"].update(properties)

    assert seen(state(UnitFileState="disabled")) == (f"{unit} is disabled, expected enabled",)
    assert seen(state(ActiveState="failed")) == (f"{unit} is failed, expected active",)
    assert "since systemd read it" in seen(state(NeedDaemonReload="yes"))[0]
    assert "is not installed" in seen(lambda live: live["units"].pop(unit))[0]


def test_the_running_server_is_compared_not_only_its_files() -> None:
    assert f"{SERVICE} runs /bin/old" in seen(lambda live: live["units"][SERVICE].update(exe="/bin/old"))[0]
    names = next(unit.environment for unit in expected().units if unit.name == SERVICE)
    assert {"OLLAMA_HOST", "OLLAMA_CONTEXT_LENGTH", "OLLAMA_MODELS"} <= names.keys()
    for name in names:
        said = seen(at("units", SERVICE, "environment", **{name: "x"}))
        assert f"runs with {name}=x" in said[0]


def test_the_kernel_s_rules_are_compared() -> None:
    assert seen(lambda live: live.update(nft_table=None)) == ("the firewall table is missing",)

    def opened(live: dict[str, Any]) -> None:
        live["nft_table"] = live["nft_table"].replace("drop", "accept")

    assert seen(opened) == ("the firewall's rules for the port differ",)

    def laid_out_otherwise(live: dict[str, Any]) -> None:
        live["nft_table"] = "# by nft\n" + live["nft_table"].replace("\t", "        ") + "\n"

    assert seen(laid_out_otherwise) == ()


SERVER: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "no list": (lambda live: live.update(models=None), "does not list its models"),
    "model gone": (lambda live: live["models"].pop(MODEL), "is not there"),
    "not by us": (lambda live: live["ledger"].pop(MODEL), "not by us"),
    "no ledger": (lambda live: live.update(ledger=None), "not by us"),
    "other base": (
        lambda live: live["ledger"][MODEL].update(base_digest="0" * 64),
        "from another qwen3-coder",
    ),
    "made anew": (lambda live: live["models"][MODEL].update(digest="0" * 64), "altered since we made it"),
    "other context": (
        lambda live: live["models"][MODEL].update(num_ctx=4096),
        "num_ctx 4096, expected 32768",
    ),
    "blob cut": (lambda live: live["sizes"].update(dict.fromkeys(live["sizes"], 1)), "missing or cut short"),
    "blob gone": (lambda live: live["sizes"].clear(), "missing or cut short"),
    "no manifest": (lambda live: live["texts"].clear(), "missing or cut short"),
    "manifest torn": (lambda live: live["texts"].update(dict.fromkeys(live["texts"], "{")), "cut short"),
    "not served": (
        lambda live: live["ledger"].update({"old:latest": {"base_digest": "0", "digest": "0"}}),
        "old:latest is no longer served",
    ),
}


@pytest.mark.parametrize("fault", SERVER)
def test_what_the_server_offers_is_compared(fault: str) -> None:
    change, words = SERVER[fault]
    assert words in " ".join(seen(change))


def test_the_answering_version_is_compared() -> None:
    assert "says version 0.1" in seen(lambda _: None, version="0.1")[0]


def tuple_of_ufw(action: str, source: str, comment: str = "astraeus") -> str:
    """A rule as ufw writes it into user.rules."""
    return (
        f"### tuple ### {action} tcp 11434 0.0.0.0/0 any {source} in comment={comment.encode().hex()}\n"
        f"-A ufw-user-input -p tcp --dport 11434 -s {source} -j ACCEPT\n"
    )


def ruled_by_ufw(*rules: str) -> tuple[str, ...]:
    ufw = ExpectedUfw(
        files=("/etc/ufw/user.rules",), comment="astraeus", port=11434, admit=("10.0.0.0/24", "10.1.0.0/24")
    )
    wanted = expected().model_copy(update={"ufw": ufw, "nft_table": None})
    facts = converged()
    assert facts.live is not None
    texts = {**facts.live.texts, "/etc/ufw/user.rules": "".join(rules)}
    return drift(wanted, facts.model_copy(update={"live": facts.live.model_copy(update={"texts": texts})}))


ALLOWED = (tuple_of_ufw("allow", "10.0.0.0/24"), tuple_of_ufw("allow", "10.1.0.0/24"))
CLOSED = tuple_of_ufw("deny", "0.0.0.0/0")


def test_right_rules_of_ufw_are_still_looked_at_by_ansible() -> None:
    assert ruled_by_ufw(*ALLOWED, CLOSED) == (NOT_COMPARED,)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ((*ALLOWED[:1], CLOSED), "ufw admits 10.0.0.0/24 to port 11434, expected 10.0.0.0/24, 10.1.0.0/24"),
        ((*ALLOWED, tuple_of_ufw("allow", "10.0.0.0/8"), CLOSED), "ufw admits 10.0.0.0/24, 10.0.0.0/8, 10.1"),
        (ALLOWED, "ufw does not close port 11434 to the others"),
        ((tuple_of_ufw("allow", "10.0.0.0/24", "mine"), CLOSED), "ufw admits nobody"),
    ],
)
def test_other_rules_of_ufw_are_a_drift_before_anything_is_asked(rules: tuple[str, ...], said: str) -> None:
    assert any(text.startswith(said) for text in ruled_by_ufw(*rules))


def test_a_path_that_must_be_gone_is_named() -> None:
    other = ExpectedLive.model_validate({**expected().model_dump(), "absent": ["/etc/old"]})
    facts = converged()
    if facts.live is None:
        raise AssertionError
    files = {**facts.live.files, "/etc/old": next(iter(facts.live.files.values()))}
    there = facts.live.model_copy(update={"files": files})
    assert drift(other, HostFacts.model_validate({**facts.model_dump(), "live": there})) == (
        "/etc/old is still there",
    )
