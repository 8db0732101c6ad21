"""Planning is data in, data out."""

from __future__ import annotations

from provision.facts import HostFacts, ListedModel
from provision.fitting import fits, fitted
from provision.fleet.workstation.shapes import EquipPlan
from provision.plan import Plan, Skipped, firewall_of, make_plan, plan_text, size_text
from provision.pool import pool_slots
from provision.site import Site
from tests.unit.provision.bed import BARE, CATALOGUE, LOOK, SITE, changed_look, converged, site, with_cards

NAMES = frozenset({"gpu.local", "laptop"})


def plan(
    facts: HostFacts = BARE, of: Site = SITE, limit: frozenset[str] = NAMES, look: object = None
) -> Plan:
    looks = {"laptop": LOOK if look is None else look}
    hosts = {"gpu.local": facts}
    found = fits(of, CATALOGUE, hosts)
    return make_plan(fitted(of, found), CATALOGUE, hosts, looks, {}, limit, fits=found)  # type: ignore[arg-type]


def test_a_bare_host_is_told_everything_in_order_with_sizes() -> None:
    (host,) = plan().hosts
    text = "\n".join(host.actions)
    assert host.converge
    assert text.index("firewall (nftables)") < text.index("Ollama 0.32.15 as a systemd service")
    for model in CATALOGUE.models:
        assert f"pull {model.base} ({size_text(model.size_bytes)})" in text
    assert "with num_ctx 32768" in text
    assert "192.168.7.0/24" in text
    assert host.need.fetch_bytes > sum(model.size_bytes for model in CATALOGUE.models)
    assert f"fetches about {size_text(host.need.fetch_bytes)}" in plan_text(plan())


def test_a_host_without_python_gets_it_first() -> None:
    (host,) = plan(BARE.model_copy(update={"python": None})).hosts
    assert host.python_first
    assert "python3" in host.actions[0]


def test_a_converged_host_is_left_alone() -> None:
    (host,) = plan(converged()).hosts
    assert (host.actions, host.converge) == ((), False)
    assert not plan(converged()).changes
    assert "no changes" in plan_text(plan(converged()))


def test_what_was_altered_is_mended() -> None:
    ollama = converged().ollama.model_copy(update={"version": "0.1"})
    (host,) = plan(converged().model_copy(update={"ollama": ollama})).hosts
    assert host.actions[0].startswith("mend: the server says version 0.1")


def test_a_host_that_cannot_be_compared_gets_ansible_and_promises_nothing() -> None:
    facts = converged().model_copy(update={"firewalls": frozenset({"ufw"})})
    (host,) = plan(facts).hosts
    assert host.converge
    assert host.variables.lan_firewall is not None
    assert host.variables.lan_firewall.lan_firewall_manager == "ufw"
    assert not any("rules" in action for action in host.actions)


def test_the_firewall_manager_is_the_active_one() -> None:
    for managers, wanted in (((), "nftables"), (("ufw",), "ufw"), (("ufw", "firewalld"), "firewalld")):
        assert firewall_of(BARE.model_copy(update={"firewalls": frozenset(managers)})) == wanted


def test_a_foreign_unit_that_is_adopted_is_kept() -> None:
    found = BARE.ollama.model_copy(update={"kind": "unit", "unit_path": "/etc/systemd/system/ollama.service"})
    adopting = site(hosts=[{"name": "gpu.local", "existing_ollama": "adopt"}])
    (host,) = plan(BARE.model_copy(update={"ollama": found}), adopting).hosts
    assert any(action.startswith("replace /etc/systemd/system/ollama.service") for action in host.actions)


def test_a_host_out_of_the_limit_is_proven_but_not_changed() -> None:
    (host,) = plan(limit=frozenset({"laptop"})).hosts
    assert (host.actions, host.converge) == ((), False)
    assert plan(limit=frozenset({"gpu.local"})).workstations == ()


def test_models_that_are_there_are_not_fetched_again() -> None:
    there = {model.base: ListedModel(digest="d", size_bytes=1) for model in CATALOGUE.models}
    ollama = converged().ollama.model_copy(update={"models": there})
    (host,) = plan(converged().model_copy(update={"ollama": ollama, "live": None})).hosts
    assert host.need.models_bytes == 0


def test_a_workstation_is_told_its_install_its_files_and_the_diff() -> None:
    look = changed_look("+ model").model_copy(update={"equip": EquipPlan(how="npm"), "user": "dev"})
    result = plan(converged(), look=look)
    (station,) = result.workstations
    assert station.actions == (
        f"install OpenCode {CATALOGUE.opencode.version} for dev with npm",
        "write /home/dev/opencode.json",
    )
    assert result.changes
    assert "    | + model" in plan_text(result)


def test_the_same_diff_is_shown_once() -> None:
    two = site(workstations=[{"name": "laptop"}, {"name": "other"}])
    looks = {"laptop": changed_look("+ model"), "other": changed_look("+ model")}
    text = plan_text(make_plan(two, CATALOGUE, {}, looks, {}, {"laptop", "other"}))
    assert text.count("+ model") == 1
    assert "the same as for laptop" in text


def test_a_skipped_workstation_is_named_and_not_planned() -> None:
    skipped = {"laptop": Skipped(reason="it does not answer", remedy="wake it")}
    result = make_plan(SITE, CATALOGUE, {}, {"laptop": changed_look()}, skipped, NAMES)
    assert result.workstations == ()
    assert "laptop (workstation): skipped, it does not answer" in plan_text(result)
    assert not make_plan(SITE, CATALOGUE, {}, {}, skipped, {"gpu.local"}).skipped


def test_what_is_unpinned_or_public_is_warned_of() -> None:
    assert any("lfm2.5-thinking:latest is unpinned" in text for text in plan().warnings)
    open_site = site(hosts=[{"name": "gpu.local", "admit": ["93.184.216.0/24"]}])
    assert any("93.184.216.0/24 is public" in text for text in plan(of=open_site).warnings)


def test_sizes_are_told_in_decimal_units() -> None:
    assert (size_text(18_556_700_222), size_text(99_000_000), size_text(0)) == ("18.6 GB", "99 MB", "0 MB")


def test_a_card_s_plan_says_what_is_served_what_stays_and_what_is_left_out() -> None:
    result = plan(with_cards(16380), site(router={"profile": "hybrid-cloud-ollama"}))
    (host,) = result.hosts
    assert [model.name for model in host.variables.ollama_models.ollama_models_wanted] == [
        "ministral-3:14b-32k",
        "lfm2.5-thinking:latest",
    ]
    assert not any("qwen3-coder" in action for action in host.actions)
    text = plan_text(result)
    assert "    stay loaded together if loaded in this order: ministral-3:14b-32k, lfm2.5-thinking" in text
    (warning,) = [one for one in result.warnings if "is left out" in one]
    assert warning.startswith("gpu.local: qwen3-coder-32k is left out, it does not fit: it needs 19.7 GiB")
    assert "swap, each puts out the other: ministral-3:14b-32k, qwen3-coder-32k" in plan_text(plan())


def test_the_server_s_settings_and_the_router_s_concurrency_are_one_number() -> None:
    for mib, stations, settings in ((16380, 3, (1, 2, "q8_0")), (81559, 6, (4, 3, "f16"))):
        of = site(workstations=[{"name": f"laptop{number}"} for number in range(stations)])
        (host,) = plan(with_cards(mib), of).hosts
        server = host.variables.ollama
        assert (
            server.ollama_num_parallel,
            server.ollama_max_loaded_models,
            server.ollama_kv_cache_type,
        ) == settings
        able = fitted(of, fits(of, CATALOGUE, {"gpu.local": with_cards(mib)}))
        assert pool_slots(able, CATALOGUE) == {16380: 2, 81559: 9}[mib]


def test_an_accepted_offload_is_served_and_its_cost_is_said() -> None:
    (host,) = plan(with_cards(16380), site(hosts=[{"name": "gpu.local", "accept_offload": True}])).hosts
    assert host.offloaded == ("qwen3-coder-32k",)
    assert len(host.variables.ollama_models.ollama_models_wanted) == 3
    assert host.variables.ollama.ollama_max_loaded_models == 1
    of = site(hosts=[{"name": "gpu.local", "accept_offload": True}])
    (warning,) = [one for one in plan(with_cards(16380), of).warnings if "accept_offload" in one]
    assert "% of it runs on the processor" in warning


def test_a_processor_s_host_is_as_it_was() -> None:
    (host,) = plan(BARE, site(hosts=[{"name": "gpu.local", "accelerator": "cpu"}])).hosts
    server = host.variables.ollama
    assert (server.ollama_num_parallel, server.ollama_max_loaded_models) == (1, 0)
    assert (server.ollama_kv_cache_type, host.serves) == ("f16", ())
    assert "KV_CACHE" not in "".join(host.expected.units[0].environment)
