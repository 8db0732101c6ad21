"""A new workstation with one command, and out again with another; its bytes and the site file's come back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.product import Product
from tests.end_to_end.road import CONFIG, SERVER, USERS_OWN, write_config
from tests.end_to_end.sites import Sites, host
from tests.lab.lab import Lab, LabMachine

pytestmark = pytest.mark.lab


@pytest.fixture
def new(lab: Lab) -> Iterator[LabMachine]:
    """A laptop that nobody equipped, with a configuration of its user's."""
    laptop = lab.machine("laptop2")
    laptop.fresh()
    laptop.trust()
    write_config(laptop, USERS_OWN, "0640")
    yield laptop
    laptop.fresh()
    laptop.trust()


def test_a_new_laptop_comes_and_goes_again(
    new: LabMachine, lab: Lab, product: Product, sites: Sites, server: LabMachine
) -> None:
    server.trust()
    lab.machine("laptop1").trust()
    site = sites("team", [host(SERVER)], ["laptop1"], router={"profile": "hybrid-cloud-ollama"})
    described = "# the team's\n" + site.read_text().replace("name: laptop1", "name: laptop1  # Alice's")
    site.write_text(described)
    product.lan(site).must(0)
    since = server.run("systemctl show -p ActiveEnterTimestamp ollama").stdout

    shown = product("onboard", "dev@new.invalid", "--site", site, "--dry-run")
    assert "+- name: new.invalid" in shown.stderr
    refused = product("onboard", "dev@new.invalid", "--site", site, "--yes").must(6)
    assert "new.invalid" in refused.failures
    assert "onboard dev@new.invalid" in refused.failures
    assert site.read_text() == described

    came = product("onboard", f"dev@{new.name}", "--site", site, "--yes").must(0)
    assert any("agents have their models" in text for text in came.of(new.name, "proven"))
    assert any("OpenCode answered" in text for text in came.of(new.name, "proven"))
    assert f"added to {site}" in came.of(new.name)
    assert [one["machine"] for one in came.report["machines"]] == [new.name]
    assert server.run("systemctl show -p ActiveEnterTimestamp ollama").stdout == since
    assert any("laptop1: the share of the hosts is another" in text for text in came.of(new.name, "left"))
    product("router", "apply", "--site", site, "--yes").must(0)
    product("verify", "--site", site).must(0)
    again = product("onboard", f"dev@{new.name}", "--site", site, "--yes").must(0)
    assert again.planned(new.name) == []

    went = product("offboard", f"dev@{new.name}", "--site", site, "--yes").must(0)
    assert f"taken out of {site}" in went.of(new.name)
    assert new.read(CONFIG) == USERS_OWN
    assert new.run(f"stat -c %a {CONFIG}").stdout.strip() == "640"
    assert site.read_text() == described
    product("offboard", f"dev@{new.name}", "--site", site, "--yes").must(2)
