"""Which hosts get an address in place of their name, however the resolver behaves."""

from __future__ import annotations

import time

import pytest

from provision.addresses import resolves, with_addresses
from provision.errors import SiteError
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


@pytest.mark.parametrize("address", ["fe80::1%eth0", "a\u009b31m", "host@b"])
def test_an_address_that_is_none_for_others_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("provision.addresses.resolves", lambda _: False)
    site, ways = aliases(3)
    for name in ("h0", "h2"):
        ways[name] = ways[name].model_copy(update={"hostname": address})
    with pytest.raises(SiteError) as caught:
        with_addresses(site, ways)
    shown = address.replace("\u009b", "?")
    assert str(caught.value).splitlines()[:2] == [
        f"h0: workstations cannot use {shown}, the address of it in your SSH configuration",
        f"h2: workstations cannot use {shown}, the address of it in your SSH configuration",
    ]
    assert "advertise" in str(caught.value)
    named = site.hosts[0].model_copy(update={"advertise": "10.0.0.7"})
    given = site.model_copy(update={"hosts": (named, *site.hosts[1:2])})
    assert with_addresses(given, ways)[0].hosts[0].address == "10.0.0.7"
