"""Profiles on real laptops: every agent gets its model, a profile is changed, and all of it is given back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.product import Product
from tests.end_to_end.road import CONFIG, LAPTOPS, SERVER, USERS_OWN, write_config
from tests.end_to_end.sites import Sites, host
from tests.lab.lab import Lab, LabMachine

pytestmark = pytest.mark.lab

HOME = "/home/dev"
PLUGIN_CONFIG = f"{HOME}/.omo/omo.jsonc"
AGENTS = f"{HOME}/.config/opencode/agents"
PLUGIN = f"{HOME}/.local/share/astraeus-provision/plugin"
OURS = f"{HOME}/.local/state/astraeus-provision/router.json"


@pytest.fixture
def laptops(lab: Lab) -> Iterator[tuple[LabMachine, LabMachine]]:
    """The first with a configuration of its user's, the second without any."""
    both = (lab.machine("laptop1"), lab.machine("laptop2"))
    for laptop in both:
        laptop.trust()
        forget(laptop)
    write_config(both[0], USERS_OWN, "0640")
    yield both
    for laptop in both:
        forget(laptop)


def forget(laptop: LabMachine) -> None:
    laptop.run(f"cd {HOME} && rm -rf .config/opencode .omo .local/state/astraeus-provision {PLUGIN}")


def site_of(sites: Sites, profiles: Mapping[str, str], **router: object) -> Path:
    path = sites("agents", [host(SERVER)], list(profiles), router=router)
    site = yaml.safe_load(path.read_text())
    for station in site["workstations"]:
        station["profile"] = profiles[station["name"]]
    path.write_text(yaml.safe_dump(site, sort_keys=False))
    return path


def written(laptop: LabMachine) -> str:
    """Everything that agents are configured by, in one text."""
    return laptop.run(f"cat {CONFIG} {PLUGIN_CONFIG} {AGENTS}/*.md").stdout


def test_agents_are_published_confirmed_changed_and_given_back(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites
) -> None:
    first, second = laptops
    both = {"laptop1": "hybrid-cloud-ollama", "laptop2": "hybrid-claude-ollama"}
    site = site_of(sites, both)
    ran = product.lan(site).must(0)
    for name in LAPTOPS:
        assert any("installed the plugin" in text for text in ran.of(name))
        assert any("agents have their models" in text for text in ran.of(name, "proven"))
        assert any("no key for" in text for text in ran.of(name, "warnings"))
    assert "openai/gpt-5.2" in written(first)
    assert "anthropic/claude-sonnet-4-5" in written(second)
    assert first.run(f"stat -c %a {CONFIG} {PLUGIN_CONFIG}").stdout.split() == ["600", "600"]

    again = product.lan(site).must(0)
    assert [again.of(name) for name in LAPTOPS] == [[], []]

    same = {"laptop1": "hybrid-cloud-ollama", "laptop2": "hybrid-cloud-ollama"}
    site = site_of(sites, same)
    shown = product("router", "diff", "--site", site).must(0)
    assert "anthropic/claude-sonnet-4-5" in written(second), "a diff changes nothing"
    assert "anthropic/claude-sonnet-4-5" in shown.stdout
    product("router", "apply", "--site", site, "--yes").must(0)
    assert "anthropic" not in written(second)

    product("router", "uninstall", "--site", site, "--yes").must(0)
    assert first.read(CONFIG) == USERS_OWN
    assert first.run(f"stat -c %a {CONFIG}").stdout.strip() == "640"
    for laptop in laptops:
        left = laptop.run(
            f"ls -d {AGENTS} {PLUGIN_CONFIG} {HOME}/.omo {PLUGIN} {OURS} 2>/dev/null", check=False
        )
        assert left.stdout == ""
    assert second.run(f"ls -A {HOME}/.config/opencode 2>/dev/null", check=False).stdout == ""
    assert first.run(f"ls -A {HOME}/.config/opencode").stdout.split() == ["opencode.json"]
    assert product("router", "uninstall", "--site", site, "--yes").must(0).of("laptop1") == []


def test_a_plugin_that_does_not_load_is_no_success(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites
) -> None:
    first, _ = laptops
    site = site_of(sites, {"laptop1": "hybrid-cloud-ollama"})
    product.lan(site).must(0)
    first.run(f"echo 'export default {{}}' >$(ls {PLUGIN}/*/node_modules/oh-my-openagent/dist/index.js)")
    ran = product("verify", "--site", site).must(6)
    assert "laptop1: OpenCode knows no agent" in ran.failures
    assert "Sisyphus" in ran.failures


def test_without_the_plugin_opencode_s_own_agents_do_the_work(
    laptops: tuple[LabMachine, LabMachine], product: Product, sites: Sites
) -> None:
    _, second = laptops
    site = site_of(sites, {"laptop2": "hybrid-cloud-ollama"}, plugin=False)
    ran = product.lan(site).must(0)
    assert any("agents have their models" in text for text in ran.of("laptop2", "proven"))
    assert json.loads(second.read(CONFIG))["default_agent"] == "sisyphus"
    assert second.run(f"ls -d {PLUGIN} {HOME}/.omo 2>/dev/null", check=False).stdout == ""
    assert "sisyphus.md" in second.run(f"ls {AGENTS}").stdout


def test_a_profile_that_names_what_nobody_serves_is_refused_before_any_contact(
    product: Product, sites: Sites
) -> None:
    own = sites.folder / "own.yaml"
    own.write_text(
        "extends: hybrid-cloud-ollama\nagents:\n  explore:\n    models: [ollama/qwen3-coder-32k]\n"
    )
    site = sites(
        "agents", [host(SERVER, models=["lfm2.5-thinking:latest"])], [], router={"profile": str(own)}
    )
    data = yaml.safe_load(site.read_text())
    data["workstations"] = [{"name": "laptop1"}]
    site.write_text(yaml.safe_dump(data))
    said = product("lan", "--site", site, "--yes").must(2).said
    assert "agent explore" in said
    assert "no host serves qwen3-coder-32k" in said
