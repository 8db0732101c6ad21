"""Which hosts get an address in place of their name, however the resolver behaves."""

from __future__ import annotations

import time

import pytest

from provision.addresses import resolves, with_addresses
from provision.site import Site
from provision.ssh import Reach
from tests.unit.provision.stage import way


def aliases(count: int) -> tuple[Site, dict[str, Reach]]:
    names = [f"h{number}" for number in range(count)]
    ways = {
        name: way(name).model_copy(update={"hostname": f"10.0.0.{index}"}) for index, name in enumerate(names)
    }
    return Site.model_validate({"hosts": [{"name": name} for name in names]}), ways


def test_a_name_of_the_configuration_alone_gets_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provision.addresses.resolves", lambda name: name == "h0")
    site, ways = aliases(3)
    ways["h2"] = ways["h2"].model_copy(update={"hostname": "127.0.0.1"})
    named, notes = with_addresses(site, ways)
    assert [host.advertise for host in named.hosts] == [None, "10.0.0.1", None]
    assert notes == ("h1 is a name of your SSH configuration: workstations will use 10.0.0.1",)


def test_a_silent_resolver_costs_its_timeout_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def asks(_: str) -> bool:
        time.sleep(0.3)
        return False

    monkeypatch.setattr("provision.addresses.resolves", asks)
    begun = time.monotonic()
    named, _ = with_addresses(*aliases(20))
    assert time.monotonic() - begun < 2
    assert all(host.advertise for host in named.hosts)


def test_a_resolver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provision.addresses.RESOLVER_LIMIT_S", 0.1, raising=False)
    monkeypatch.setattr("provision.addresses.resolves", lambda _: time.sleep(5))
    begun = time.monotonic()
    named, _ = with_addresses(*aliases(2))
    assert time.monotonic() - begun < 2
    assert all(host.advertise for host in named.hosts)


def test_what_has_no_form_in_dns_does_not_resolve() -> None:
    assert not resolves("a..b")
    assert not resolves("a" * 70)


def test_a_note_cannot_steer_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provision.addresses.resolves", lambda _: False)
    site, ways = aliases(1)
    ways["h0"] = ways["h0"].model_copy(update={"hostname": "a\u009b31m"})
    assert with_addresses(site, ways)[1][0].endswith("will use a?31m")
