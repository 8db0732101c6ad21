"""Workstations that cannot be finished: exit 6, each named with the finishing command; the rest is done."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.end_to_end.product import Product, Ran
from tests.end_to_end.road import CONFIG, write_config
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import Lab, LabMachine

pytestmark = pytest.mark.lab

OUT_OF_ORDER = """#!/bin/sh
[ "$1" = --version ] && exec /home/dev/.local/bin/opencode.good --version
echo it is out of order >&2
exit 3
"""


@pytest.fixture
def laptops(lab: Lab, served: Path) -> tuple[LabMachine, LabMachine]:
    """Both with OpenCode, without a configuration."""
    both = (lab.machine("laptop1"), lab.machine("laptop2"))
    for laptop in both:
        laptop.trust()
        laptop.run("cd /home/dev && rm -rf .config/opencode .local/state/astraeus-provision")
    return both


def site_of(sites: Sites, *names: str) -> Path:
    return sites("laptops", [host("gpu-two.local", models=[SMALL_MODEL])], names)


def finishing_command(ran: Ran, name: str) -> list[str]:
    """The command that the report gives for that machine."""
    (left,) = ran.of(name, "left")
    return shlex.split(left[left.index("astraeus-provision ") :])[1:]


def is_finished(machine: LabMachine) -> bool:
    provider = json.loads(machine.read(CONFIG))["provider"]["ollama"]
    return SMALL_MODEL in provider["models"] and "gpu-two.local" in provider["options"]["baseURL"]


def test_a_sleeping_workstation_is_named_and_finished_later(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites
) -> None:
    awake, asleep = laptops
    asleep.pause()
    try:
        site = site_of(sites, "laptop1", "laptop2")
        ran = product.lan(site).must(6)
    finally:
        asleep.unpause()
    assert is_finished(awake)
    assert "laptop2: it does not answer" in ran.failures
    assert "keeps its old file" in ran.failures
    command = finishing_command(ran, "laptop2")
    assert command == ["lan", "--site", str(site), "--limit", "laptop2"]
    done = product(*command, "--yes").must(0)
    assert any("OpenCode answered" in text for text in done.of("laptop2", "proven"))
    assert is_finished(asleep)


def test_a_workstation_that_is_off_spoils_nothing(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites
) -> None:
    on, off = laptops
    off.stop()
    try:
        site = site_of(sites, "laptop1", "laptop2")
        ran = product.lan(site).must(6)
    finally:
        off.start()
    assert is_finished(on)
    assert finishing_command(ran, "laptop2") == ["lan", "--site", str(site), "--limit", "laptop2"]


@pytest.mark.parametrize(
    ("text", "place"),
    [('{\n  "theme": "mine",\n  "model": \n}\n', "line 4"), ('{"a": 1,\n "b": [1, 2}\n', "line 2")],
)
def test_a_broken_configuration_is_left_as_it_is(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites, text: str, place: str
) -> None:
    laptop, other = laptops
    write_config(laptop, text)
    ran = product.lan(site_of(sites, "laptop1", "laptop2")).must(6)
    assert laptop.read(CONFIG) == text
    assert f"laptop1: {CONFIG}: {place}, column" in ran.failures
    assert is_finished(other)
    write_config(laptop, "{}\n")
    product(*finishing_command(ran, "laptop1"), "--yes").must(0)
    assert is_finished(laptop)


@pytest.mark.parametrize("old", ['{"theme": "mine"}\n', None])
def test_what_is_not_confirmed_is_put_back(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites, old: str | None
) -> None:
    laptop, _ = laptops
    if old is not None:
        write_config(laptop, old, "0640")
    opencode = "/home/dev/.local/bin/opencode"
    laptop.run(f"mv {opencode} {opencode}.good", check=False)
    laptop.write(opencode, OUT_OF_ORDER, owner="dev", mode="0755")
    try:
        ran = product.lan(site_of(sites, "laptop1")).must(6)
    finally:
        laptop.run(f"mv {opencode}.good {opencode}")
    assert "laptop1: " in ran.failures
    assert "it is out of order" in ran.failures
    assert "put back as they were" in ran.failures
    if old is None:
        assert laptop.run(f"test -e {CONFIG}", check=False).returncode == 1
    else:
        assert laptop.read(CONFIG) == old
        assert laptop.run(f"stat -c %a {CONFIG}").stdout == "640\n"
    product.lan(site_of(sites, "laptop1")).must(0)
    assert is_finished(laptop)


def test_a_workstation_that_is_not_admitted_is_told_so(
    laptops: tuple[LabMachine, LabMachine], lab: Lab, product: Product, sites: Sites
) -> None:
    outsider = lab.machine("outsider")
    ran = product.lan(site_of(sites, "outsider", "laptop1")).must(6)
    assert "outsider: " in ran.failures
    assert is_finished(laptops[0])
    assert outsider.run(f"test -e {CONFIG}", check=False).returncode == 1
