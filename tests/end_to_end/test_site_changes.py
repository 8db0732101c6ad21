"""The site changes: a model, a host, a machine less or more; every file follows, nobody's own is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Product, Ran, without
from tests.end_to_end.road import CONFIG, LAPTOPS, OWN_LINES, SERVER, Road, played
from tests.end_to_end.sites import SMALL_MODEL, host
from tests.lab.lab import Lab, LabMachine

pytestmark = pytest.mark.lab

GONE, *REST = load_catalogue().model_names
SECOND = "gpu-two.local"


@pytest.fixture(scope="module")
def road(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Road:
    """All of it converged; quick where another test has done so."""
    for name in (SERVER, *LAPTOPS):
        lab.machine(name).trust()
    road = Road(lab, tmp_path_factory.mktemp("site-changes"))
    road.write_the_user_s_own()
    road.product.lan(road.site).must(0)
    return road


def test_limit_leaves_the_others_alone(road: Road) -> None:
    for name in LAPTOPS:
        road.lab.machine(name).run(f"rm {CONFIG}")
    assert road.product("lan", "--yes", "--limit", "laptop1").must(0).of("laptop1")
    assert road.lab.machine("laptop2").run(f"test -e {CONFIG}", check=False).returncode == 1
    assert road.product("lan", "--yes").must(0).of("laptop2")


def blobs(machine: LabMachine) -> set[str]:
    return set(machine.run("ls /var/lib/ollama/models/blobs").stdout.split())


def test_a_model_taken_out_disappears_everywhere(road: Road) -> None:
    road.write_the_user_s_own()
    road.product.lan(road.site).must(0)
    assert GONE in road.offered()
    assert GONE in road.config("laptop1")
    before = blobs(road.lab.machine(SERVER))
    road.product.lan(road.sites("fewer", [host(SERVER, models=REST)], LAPTOPS)).must(0)
    assert len(road.offered()) == len(REST)
    assert GONE not in road.offered()
    assert blobs(road.lab.machine(SERVER)) < before
    for name in LAPTOPS:
        assert GONE not in road.config(name)
        assert SMALL_MODEL in road.config(name)
    assert without(road.config("laptop1"), OWN_LINES) == []


@pytest.fixture(scope="module")
def grown(road: Road) -> Ran:
    """A second host, which plain Ansible has made."""
    road.lab.machine(SECOND).fresh()
    road.lab.machine(SECOND).trust()
    alone = road.sites.small("alone", SECOND)
    changed, failed = played(road.product, alone)[SECOND]
    assert changed > 10
    assert failed == 0
    assert road.product.lan(alone).must(0).changes == 0
    hosts = [host(SERVER, models=REST), host(SECOND, models=[SMALL_MODEL])]
    return road.product.lan(road.sites("grown", hosts, LAPTOPS))


def test_a_second_host_is_added_and_asked_on_each_workstation(road: Road, grown: Ran) -> None:
    grown.must(0)
    for name in LAPTOPS:
        assert f"http://{SECOND}:" in road.config(name)
        answered = [text for text in grown.of(name, "proven") if "OpenCode answered" in text]
        assert len(answered) == 2


def test_a_host_named_later_is_added_and_the_first_stay(road: Road, grown: Ran) -> None:
    ran = road.product("lan", "--host", "ops@new.invalid", "--dry-run").must(3)
    assert f"new.invalid is added; {SERVER}, {SECOND} stay" in ran.stderr


def test_a_host_taken_out_disappears_from_workstations(road: Road, grown: Ran) -> None:
    ran = road.product("lan", "--remove-host", SECOND, "--yes").must(0)
    assert [entry["machine"] for entry in ran.report["machines"]] == [SERVER, *LAPTOPS]
    for name in LAPTOPS:
        assert SECOND not in road.config(name)
        assert f"http://{SERVER}:" in road.config(name)
    again = road.product("lan", "--yes").must(0)
    assert "remembered site" in again.stderr
    assert again.changes == 0


def test_a_saved_site_says_the_same(road: Road, grown: Ran, tmp_path: Path) -> None:
    file = tmp_path / "saved.yml"
    road.product("lan", "--save", file, "--dry-run").must(0)
    assert road.product("site", "check", file).must(0).stdout.endswith("1 host, 2 workstations\n")
    assert Product(tmp_path / "state").lan(file, "--limit", SERVER).must(0).changes == 0
