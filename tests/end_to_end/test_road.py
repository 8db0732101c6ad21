"""The road in order: bare machines, dry run, first run, second run, and what then is true of each machine."""

from __future__ import annotations

import json

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Ran, without
from tests.end_to_end.road import CONFIG, LAPTOPS, OWN_LINES, SECRET, SERVER, Road, differences, played, trees
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def road(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Everything bare, and a user on laptop1 with a configuration of her own."""
    for name in (SERVER, *LAPTOPS):
        lab.machine(name).fresh()
        lab.machine(name).trust()
    road = Road(lab, tmp_path_factory.mktemp("road"))
    road.write_the_user_s_own()
    return road


@pytest.fixture(scope="module")
def dry(road: Road) -> tuple[Ran, dict[str, list[str]]]:
    before = trees(road.lab)
    ran = road.product("lan", "--site", road.site, "--dry-run")
    return ran, differences(before, trees(road.lab))


@pytest.fixture(scope="module")
def first(road: Road, dry: object) -> Ran:
    return road.product.lan(road.site)


@pytest.fixture(scope="module")
def second(road: Road, first: Ran) -> Ran:
    first.must(0)
    return road.product.lan(road.site)


def test_a_dry_run_on_bare_machines_shows_all_and_writes_nothing(
    dry: tuple[Ran, dict[str, list[str]]],
) -> None:
    ran, written = dry
    ran.must(0)
    assert written == {}
    assert len(ran.of(SERVER)) > 10
    assert any("OpenCode" in action for action in ran.of("laptop2"))
    shown = ("10-astraeus.conf", "+Environment=OLLAMA_HOST=0.0.0.0:", "+table inet", '+  "model":')
    assert without(ran.stdout, shown) == []
    assert "--check --diff" in ran.commands
    assert SECRET not in ran.said


def test_the_first_run_ends_with_an_answer_on_each_workstation(road: Road, first: Ran) -> None:
    first.must(0)
    for name in LAPTOPS:
        answer = [text for text in first.of(name, "proven") if "OpenCode answered" in text]
        assert road.lab.answer.strip() in answer[0]
    proven = "\n".join(first.of(SERVER, "proven"))
    assert without(proven, [f"{model} answer" for model in load_catalogue().model_names]) == []
    assert "closed off the list" in proven


def test_the_second_run_changes_nothing_starts_no_ansible_and_no_session(second: Ran, first: Ran) -> None:
    second.must(0)
    assert second.changes == 0
    assert "0 changes made" in second.stdout
    assert "ansible-playbook" in first.commands
    assert "ansible" not in second.commands
    for name in LAPTOPS:
        proven = second.of(name, "proven")
        assert proven
        assert not [text for text in proven if "OpenCode answered" in text]


def test_a_dry_run_on_converged_machines_writes_nothing(road: Road, second: Ran) -> None:
    before = trees(road.lab)
    ran = road.product("lan", "--site", road.site, "--dry-run").must(0)
    assert differences(before, trees(road.lab)) == {}
    assert ran.changes == 0


def test_the_workstation_is_answered_and_the_host_off_the_list_is_not(road: Road, second: Ran) -> None:
    machine = road.lab.machine(SERVER)
    v6 = road.lab.facts["machines"][SERVER]["addresses6"]
    assert road.answers("laptop1", SERVER)
    assert road.answers("laptop1", f"[{v6['lab-team']}]")
    assert not road.answers("outsider", machine.other_address)
    assert not road.answers("outsider", f"[{v6['lab-other']}]")
    knock = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{machine.other_address}/22'"
    assert road.lab.machine("outsider").run(knock, check=False).returncode == 0


def test_the_user_s_own_lines_stay_and_the_file_is_private(road: Road, second: Ran) -> None:
    text = road.config("laptop1")
    assert without(text, OWN_LINES) == []
    assert text.index('"theme"') < text.index('"office"') < text.index('"autoupdate"')
    for name in LAPTOPS:
        assert road.lab.machine(name).run(f"stat -c '%a %U' {CONFIG}").stdout == "600 dev\n"
        there = road.lab.machine(name).run("ls -A .config/opencode", user="dev").stdout.split()
        assert [file for file in there if file.startswith(".") or "tmp" in file] == []


def test_no_secret_of_the_user_is_in_the_run_folders(road: Road, second: Ran) -> None:
    kept = [path for path in road.product.state.rglob("*") if path.is_file()]
    assert len(kept) > 20
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []
    assert {oct(path.stat().st_mode & 0o077) for path in kept} == {"0o0"}


def test_verify_proves_again_and_changes_nothing(road: Road, second: Ran) -> None:
    before = {SERVER: road.lab.machine(SERVER).tree_hash()}
    ran = road.product("verify", "--json").must(0)
    report = json.loads(ran.stdout)
    assert (report["ok"], report["exit_code"], report["failures"]) == (True, 0, [])
    assert ran.changes == 0
    assert "remembered site" in report["site"]
    assert any("OpenCode answered" in text for text in ran.of("laptop2", "proven"))
    assert differences(before, {SERVER: road.lab.machine(SERVER).tree_hash()}) == {}


def test_json_is_one_document_and_progress_is_elsewhere(road: Road, second: Ran) -> None:
    ran = road.product("lan", "--yes", "--json", "--limit", "laptop1").must(0)
    report = json.loads(ran.stdout)
    assert [entry["machine"] for entry in report["machines"]] == ["laptop1"]
    assert "Look at" in ran.stderr


def test_plain_ansible_finds_the_same_state(road: Road, second: Ran) -> None:
    listed = json.loads(road.product("inventory", "--site", road.site, "--list").must(0).stdout)
    variables = listed["_meta"]["hostvars"][SERVER]
    assert variables["ollama_context_length"] == load_catalogue().context_tokens
    one = json.loads(road.product("inventory", "--site", road.site, "--host", SERVER).must(0).stdout)
    assert one == variables
    assert played(road.product, road.site) == {SERVER: (0, 0)}


def test_after_a_reboot_all_is_as_before(road: Road, second: Ran) -> None:
    machine = road.lab.machine(SERVER)
    machine.reboot()
    assert not road.answers("outsider", machine.other_address)
    assert road.product.lan(road.site).must(0).changes == 0
