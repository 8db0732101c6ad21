"""What the roles leave on a host is computed from the roles' own variables and templates."""

from __future__ import annotations

from provision.expected import ExpectedLive, expected_live, live_query, manifest_path
from provision.paths import data_root
from provision.rolevars import FirewallManager, LanFirewallVars
from tests.unit.provision.bed import CATALOGUE, HOST, SITE, expected, site, variables


def test_templates_are_rendered_as_ansible_would() -> None:
    wanted = expected()
    (service,) = (unit for unit in wanted.units if unit.name == "ollama.service")
    assert service.environment["OLLAMA_HOST"] == f"0.0.0.0:{CATALOGUE.ollama.port}"
    assert service.environment["OLLAMA_CONTEXT_LENGTH"] == str(CATALOGUE.context_tokens)
    assert service.environment["OLLAMA_MODELS"] == wanted.models_dir
    assert service.environment["OLLAMA_KV_CACHE_TYPE"] == "q8_0"  # the base host has a 24 GB card
    assert service.environment["OLLAMA_FLASH_ATTENTION"] == "1"
    assert service.exe is not None
    assert CATALOGUE.ollama.version in service.exe
    assert wanted.nft_table is not None
    assert "192.168.7.0/24" in wanted.nft_table
    everything = " ".join(
        [*(file.path for file in wanted.files), *wanted.links, *wanted.links.values(), wanted.nft_table]
    )
    assert "{{" not in everything


def test_another_setting_is_another_expectation() -> None:
    def hashes(**sections: object) -> dict[str, str | None]:
        return {file.path: file.sha256 for file in expected(site(**sections)).files}

    before, after = hashes(), hashes(serving={"num_parallel": 4})
    assert [path for path in before if before[path] != after[path]] == [
        "/etc/systemd/system/ollama.service.d/10-astraeus.conf"
    ]


def ruled_by(manager: FirewallManager) -> ExpectedLive:
    firewall = LanFirewallVars(
        lan_firewall_port=1, lan_firewall_admit=("10.0.0.0/8",), lan_firewall_manager=manager
    )
    return expected_live(variables().model_copy(update={"lan_firewall": firewall}))


def test_each_firewall_manager_is_compared_by_what_it_keeps() -> None:
    ufw, firewalld = ruled_by("ufw"), ruled_by("firewalld")
    for other in (ufw, firewalld):
        assert other.nft_table is None
        assert not any("firewall" in unit.name for unit in other.units)
    assert ufw.ufw is not None
    assert ufw.ufw.admit == ("10.0.0.0/8",)
    assert set(ufw.ufw.files) <= set(ufw.query.texts)
    assert any(file.path.endswith("astraeus.xml") and file.sha256 for file in firewalld.files)
    assert ruled_by("nftables").nft_table is not None


def test_the_query_asks_for_all_that_is_expected() -> None:
    wanted = expected()
    query = wanted.query
    assert {file.path for file in wanted.files} <= set(query.files)
    assert set(query.links) == set(wanted.links)
    assert set(query.units) == {unit.name for unit in wanted.units}
    assert query.nft_table
    assert query.ledger == wanted.ledger is not None
    assert len(query.texts) == len(query.models) == len(CATALOGUE.models)


def test_the_first_query_covers_every_architecture() -> None:
    query = live_query(HOST, SITE, CATALOGUE)
    shas = [archive.sha256 or "" for archive in CATALOGUE.ollama.archives.values()]
    assert all(any(sha[:12] in path for path in query.files) for sha in shas)


def test_manifests_are_where_ollama_keeps_them() -> None:
    assert manifest_path("qwen3-coder-32k").endswith("library/qwen3-coder-32k/latest")
    assert manifest_path("a:b").endswith("library/a/b")


def test_every_role_with_a_live_form_is_read() -> None:
    there = {path.parent.parent.name for path in (data_root() / "roles").glob("*/meta/live.yml")}
    assert there == {"ollama", "ollama_models", "lan_firewall"}
