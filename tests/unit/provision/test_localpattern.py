"""The local pattern: one machine is host and workstation, listens on its loopback, and nobody logs in."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from provision.catalogue import load_catalogue
from provision.drift import NOT_COMPARED, drift
from provision.endpoints import endpoints
from provision.engines.here import look_here
from provision.errors import SiteError
from provision.expected import expected_live, live_query
from provision.fleet.host.reading import read_host
from provision.hostquery import host_query
from provision.networks import Admission, admitted
from provision.plan import make_plan, plan_text
from provision.site import Site
from provision.sitefile import Flags, describe, load_site, remember, site_yaml
from provision.ssh import ansible_host_vars, openssh_argv
from provision.survey import reaches, write_inventory
from tests.unit.provision.bed import BARE, LOOK, live, variables

HERE: dict[str, Any] = {"name": "this-machine"}
LOCAL = Site.model_validate({"pattern": "local", "hosts": [HERE]})
CATALOGUE = load_catalogue()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"hosts": [HERE, {"name": "gpu"}]}, "has one host"),
        ({"hosts": [{"name": "gpu"}]}, "has one host"),
        ({"workstations": [{"name": "laptop"}]}, "serves no other machine"),
        ({"admit": ["10.0.0.0/8"]}, "admits nobody"),
        ({"hosts": [{**HERE, "ssh": {"user": "x"}}]}, "admits nobody"),
        ({"hosts": [{**HERE, "advertise": "gpu"}]}, "admits nobody"),
        ({"pattern": "lan"}, "`pattern: local`"),
    ],
)
def test_it_serves_this_machine_alone(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Site.model_validate({"pattern": "local", "hosts": [HERE], **said})


def test_the_server_listens_on_the_loopback_and_no_firewall_is_touched() -> None:
    of = variables(LOCAL)
    assert of.ollama.ollama_bind == "127.0.0.1"
    assert of.lan_firewall is None
    assert not any(name.startswith("lan_firewall") for name in of.flat())
    assert variables().ollama.ollama_bind == "0.0.0.0"
    assert [one.url for one in endpoints(LOCAL, CATALOGUE)] == ["http://127.0.0.1:11434"]


def test_its_live_state_is_compared_whole_without_a_firewall() -> None:
    wanted = expected_live(variables(LOCAL))
    assert not any("nft" in file.path or "firewall" in file.path for file in wanted.files)
    there = BARE.model_copy(
        update={
            "live": live(wanted),
            "ollama": BARE.ollama.model_copy(update={"kind": "ours", "version": wanted.version}),
        }
    )
    assert drift(wanted, there) == ()
    assert NOT_COMPARED not in drift(wanted, BARE)
    query = live_query(LOCAL.hosts[0], LOCAL, CATALOGUE)
    assert not query.nft_table
    assert set(wanted.query.files) <= set(query.files)


def test_the_plan_says_that_nobody_is_admitted() -> None:
    found = admitted(LOCAL.hosts[0], LOCAL, BARE)
    assert isinstance(found, Admission)
    assert found.cidrs == ()
    plan = make_plan(
        LOCAL, CATALOGUE, {"this-machine": BARE}, {"localhost": LOOK}, {}, {"this-machine", "localhost"}
    )
    text = plan_text(plan)
    assert "admits nobody (it serves this machine alone)" in text
    assert "on 127.0.0.1:11434" in text
    assert "firewall" not in text


def test_nobody_logs_in_to_get_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # not even an ssh is needed
    ways = reaches(LOCAL)
    way = ways["this-machine"]
    assert (way.here, way.user) == (True, getpass.getuser())
    assert openssh_argv(way, "sudo -n true") == ["sh", "-c", "sudo -n true"]
    assert ansible_host_vars(way) == {"ansible_connection": "local"}
    write_inventory(tmp_path, LOCAL, ways, timeout_s=1)
    assert "this-machine" not in (tmp_path / "inventory.json").read_text()
    assert "this-machine" not in (tmp_path / "ssh_config").read_text()


def test_this_machine_is_looked_at_as_it_is(tmp_path: Path) -> None:
    logged: list[str] = []
    answer = look_here(host_query(LOCAL.hosts[0], LOCAL, CATALOGUE), None, logged.append)
    facts = read_host(answer)
    assert facts is not None
    assert facts.os.system == "Linux"
    assert facts.user == getpass.getuser()
    assert abs(facts.clock_skew_s or 0) < 60
    assert len(logged) == 1


def test_a_site_of_its_own_is_described_saved_and_remembered(tmp_path: Path) -> None:
    described = describe(Flags(pattern="local"))
    assert described.site == LOCAL
    file = tmp_path / "local.yml"
    file.write_text(site_yaml(described.site))
    assert load_site(file) == LOCAL
    remember(described.site)
    assert describe(Flags(pattern="local")).origin.startswith("remembered site")
    assert describe(Flags()).site.pattern == "local", "verify takes what was deployed"


def test_another_pattern_s_site_is_not_taken_for_it(tmp_path: Path) -> None:
    team = Site.model_validate({"hosts": [{"name": "gpu"}], "workstations": []})
    remember(team)
    described = describe(Flags(pattern="local"))
    assert described.site == LOCAL
    assert "lan: gpu" in described.notes[0]
    file = tmp_path / "team.yml"
    file.write_text(site_yaml(team))
    with pytest.raises(SiteError, match="site of the lan pattern"):
        describe(Flags(pattern="local", site=file))
    remember(LOCAL)
    described = describe(Flags(pattern="lan", hosts=("gpu",)))
    assert [host.name for host in described.site.hosts] == ["gpu"]
    with pytest.raises(SiteError, match="no host is named"):
        describe(Flags(pattern="lan"))
