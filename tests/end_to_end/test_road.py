"""The road in order: bare machines, dry run, first run, second run, and what then is true of each machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import PROGRAM, Product, Ran
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import Lab, LabMachine
from tests.lab.tree import LOGIN_RECORDS, Entry, changes

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]
PORT = load_catalogue().ollama.port
CONFIG = "/home/dev/.config/opencode/opencode.json"
NAMES = ["gpu-server.local", "laptop1", "laptop2"]
USERS_OWN = """{
  // mine: keep the dark one
  "theme": "opencode",
  "provider": {
    "office": {"npm": "@ai-sdk/openai-compatible", "options": {"apiKey": "sk-not-yours"}, }
  },
  "autoupdate": false, // never at work
}
"""


MIRROR_S_OWN = "/var/log/nginx/*"  # who asked it for what


def trees(lab: Lab) -> dict[str, dict[str, Entry]]:
    with ThreadPoolExecutor() as pool:
        hashed = pool.map(lambda one: one.tree_hash((*LOGIN_RECORDS, MIRROR_S_OWN)), lab.machines)
    return {machine.name: tree for machine, tree in zip(lab.machines, hashed, strict=True)}


def differences(
    before: dict[str, dict[str, Entry]], after: dict[str, dict[str, Entry]]
) -> dict[str, list[str]]:
    return {name: lines for name in before if (lines := changes(before[name], after[name]))}


class Road:
    """The machines and the memory that the tests of this file share."""

    def __init__(self, product: Product, sites: Sites, lab: Lab) -> None:
        self.product, self.sites, self.lab = product, sites, lab
        self.site = sites("lab", [host("gpu-server.local")], ["laptop1", "laptop2"])

    def config(self, name: str) -> str:
        return self.lab.machine(name).read(CONFIG)

    def answers(self, asking: str, url: str) -> bool:
        line = f"curl -s -m 3 -o /dev/null -w '%{{http_code}}' {url}/api/version"
        return self.lab.machine(asking).run(line, check=False).stdout == "200"


@pytest.fixture(scope="module")
def road(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Everything bare, and a user on laptop1 with a configuration of her own."""
    folder = tmp_path_factory.mktemp("road")
    for name in NAMES:
        lab.machine(name).fresh()
        lab.machine(name).trust()
    laptop = lab.machine("laptop1")
    laptop.run("mkdir -p .config/opencode", user="dev")
    laptop.write(CONFIG, USERS_OWN, owner="dev", mode="0640")
    return Road(Product(folder / "state"), Sites(lab, folder), lab)


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
    assert first.code == 0, first.said
    return road.product.lan(road.site)


def test_a_dry_run_on_bare_machines_shows_all_and_writes_nothing(
    dry: tuple[Ran, dict[str, list[str]]],
) -> None:
    ran, written = dry
    ran.must(0)
    assert written == {}
    assert len(ran.of("gpu-server.local")) > 10
    assert any("OpenCode" in action for action in ran.of("laptop2"))
    for shown in (
        "10-astraeus.conf",
        "+Environment=OLLAMA_HOST=0.0.0.0:",
        "table inet",
        '+  "model":',
        "--check --diff",
    ):
        assert shown in ran.stdout + ran.commands
    assert "sk-not-yours" not in ran.said


def test_the_first_run_ends_with_an_answer_on_each_workstation(road: Road, first: Ran) -> None:
    first.must(0)
    for name in ("laptop1", "laptop2"):
        answer = [text for text in first.of(name, "proven") if "OpenCode answered" in text]
        assert road.lab.answer.strip() in answer[0]
    proven = "\n".join(first.of("gpu-server.local", "proven"))
    for model in load_catalogue().model_names:
        assert f"{model} answer" in proven
    assert "closed off the list" in proven


def test_the_second_run_changes_nothing_starts_no_ansible_and_no_session(second: Ran, first: Ran) -> None:
    second.must(0)
    assert second.changes == 0
    assert "0 changes made" in second.stdout
    assert "ansible-playbook" in first.commands
    assert "ansible" not in second.commands
    for name in ("laptop1", "laptop2"):
        proven = second.of(name, "proven")
        assert proven
        assert not [text for text in proven if "OpenCode answered" in text]


def test_a_dry_run_on_converged_machines_writes_nothing(road: Road, second: Ran) -> None:
    before = trees(road.lab)
    ran = road.product("lan", "--site", road.site, "--dry-run").must(0)
    assert differences(before, trees(road.lab)) == {}
    assert ran.changes == 0


def test_the_workstation_is_answered_and_the_host_off_the_list_is_not(road: Road, second: Ran) -> None:
    server = road.lab.machine("gpu-server.local")
    assert road.answers("laptop1", f"http://gpu-server.local:{PORT}")
    assert road.answers(
        "laptop1", f"http://[{road.lab.facts['machines'][server.name]['addresses6']['lab-team']}]:{PORT}"
    )
    assert not road.answers("outsider", f"http://{server.other_address}:{PORT}")
    other6 = road.lab.facts["machines"][server.name]["addresses6"]["lab-other"]
    assert not road.answers("outsider", f"http://[{other6}]:{PORT}")
    ping = "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/22'"
    assert road.lab.machine("outsider").run(ping.format(server.other_address), check=False).returncode == 0


def test_the_user_s_own_lines_stay_and_the_file_is_private(road: Road, second: Ran) -> None:
    text = road.config("laptop1")
    for own in (
        "// mine: keep the dark one",
        '"theme": "opencode"',
        '"apiKey": "sk-not-yours"',
        "// never at work",
    ):
        assert own in text
    assert text.index('"theme"') < text.index('"office"') < text.index('"autoupdate"')
    for name in ("laptop1", "laptop2"):
        assert road.lab.machine(name).run(f"stat -c '%a %U' {CONFIG}").stdout == "600 dev\n"
    mine = [road.lab.machine("laptop1").run("ls -A .config/opencode", user="dev").stdout.split()]
    assert [name for name in mine[0] if name.startswith(".") or "tmp" in name] == []


def test_no_secret_of_the_user_is_in_the_run_folders(road: Road, second: Ran) -> None:
    kept = [path for path in road.product.state.rglob("*") if path.is_file()]
    assert len(kept) > 20
    assert [path for path in kept if b"sk-not-yours" in path.read_bytes()] == []
    assert {oct(path.stat().st_mode & 0o077) for path in kept} == {"0o0"}


def test_verify_proves_again_and_changes_nothing(road: Road, second: Ran) -> None:
    before = {name: road.lab.machine(name).tree_hash() for name in NAMES[:1]}
    ran = road.product("verify", "--json").must(0)
    report = json.loads(ran.stdout)
    assert (report["ok"], report["exit_code"], report["failures"]) == (True, 0, [])
    assert ran.changes == 0
    assert "remembered site" in report["site"]
    assert any("OpenCode answered" in text for text in ran.of("laptop2", "proven"))
    # Ollama itself keeps a file's time, not its content, when a model is loaded again.
    assert differences(before, {name: road.lab.machine(name).tree_hash() for name in before}) == {}


def test_json_is_one_document_and_progress_is_elsewhere(road: Road, second: Ran) -> None:
    ran = road.product("lan", "--yes", "--json", "--limit", "laptop1").must(0)
    report = json.loads(ran.stdout)
    assert [entry["machine"] for entry in report["machines"]] == ["laptop1"]
    assert "Look at" in ran.stderr


def test_plain_ansible_finds_the_same_state(road: Road, second: Ran) -> None:
    listed = json.loads(road.product("inventory", "--site", road.site, "--list").must(0).stdout)
    variables = listed["_meta"]["hostvars"]["gpu-server.local"]
    assert variables["ollama_context_length"] == load_catalogue().context_tokens
    one = json.loads(road.product("inventory", "--site", road.site, "--host", "gpu-server.local").stdout)
    assert one == variables
    assert played(road.product, road.site) == {"gpu-server.local": (0, 0)}


def played(product: Product, site: Path) -> dict[str, tuple[int, int]]:
    """Run the playbook as an Ansible user would: host to (changed, failed or unreachable)."""
    path = f"{PROGRAM.parent}:{product.environment['PATH']}"
    words = ["env", f"ASTRAEUS_SITE={site}", f"PATH={path}", "ANSIBLE_NOCOLOR=1", "ansible-playbook"]
    beside = Product(product.state, program=Path("/usr/bin/env"), env=product.env)
    ran = beside(*words[1:], "-i", "inventories/astraeus", "playbooks/lan.yml", cwd=CHECKOUT)
    recap = ran.stdout.partition("PLAY RECAP")[2]
    assert recap, ran.said
    result = {}
    for line in recap.splitlines():
        name, colon, rest = line.partition(":")
        if colon:
            counts = dict(word.split("=") for word in rest.split())
            bad = int(counts["failed"]) + int(counts["unreachable"])
            result[name.strip()] = (int(counts["changed"]), bad)
    return result


def test_after_a_reboot_all_is_as_before(road: Road, second: Ran) -> None:
    server = road.lab.machine("gpu-server.local")
    server.reboot()
    ran = road.product.lan(road.site).must(0)
    assert ran.changes == 0
    assert not road.answers("outsider", f"http://{server.other_address}:{PORT}")


def test_limit_leaves_the_others_alone(road: Road, second: Ran) -> None:
    for name in ("laptop1", "laptop2"):
        road.lab.machine(name).run(f"rm {CONFIG}")
    ran = road.product("lan", "--yes", "--limit", "laptop1").must(0)
    assert ran.of("laptop1")
    assert road.lab.machine("laptop2").run(f"test -e {CONFIG}", check=False).returncode == 1
    assert road.product("lan", "--yes").must(0).of("laptop2")
    road.lab.machine("laptop1").write(CONFIG, USERS_OWN, owner="dev")


@pytest.fixture(scope="module")
def shrunk(road: Road, second: Ran) -> Iterator[tuple[Ran, str]]:
    """The site without one model; and that model's name."""
    gone = load_catalogue().model_names[0]
    fewer = road.sites(
        "fewer", [host("gpu-server.local", models=load_catalogue().model_names[1:])], NAMES[1:]
    )
    yield road.product.lan(fewer), gone
    road.product.lan(road.site).must(0)


def test_a_model_taken_out_disappears_everywhere(road: Road, shrunk: tuple[Ran, str]) -> None:
    ran, gone = shrunk
    ran.must(0)
    offered = json.loads(
        road.lab.machine("laptop1").run(f"curl -sf http://gpu-server.local:{PORT}/api/tags").stdout
    )
    names = [model["name"] for model in offered["models"]]
    assert gone not in names
    assert len(names) == len(load_catalogue().model_names) - 1
    for name in ("laptop1", "laptop2"):
        assert gone not in road.config(name)
        assert SMALL_MODEL in road.config(name)
    for own in ("// mine: keep the dark one", '"apiKey": "sk-not-yours"', "// never at work"):
        assert own in road.config("laptop1")
    # what only that model needed is gone from the disk as well
    assert len(blobs(road.lab.machine("gpu-server.local"))) < len(blobs_of_all(road))


def blobs(machine: LabMachine) -> list[str]:
    return machine.run("ls /var/lib/ollama/models/blobs").stdout.split()


def blobs_of_all(road: Road) -> list[str]:
    road.product.lan(road.site).must(0)
    return blobs(road.lab.machine("gpu-server.local"))


@pytest.fixture(scope="module")
def grown(road: Road, shrunk: object) -> Ran:
    """A second host in the site."""
    road.lab.machine("gpu-two.local").fresh()
    road.lab.machine("gpu-two.local").trust()
    hosts = [host("gpu-server.local"), host("gpu-two.local", models=[SMALL_MODEL])]
    return road.product.lan(road.sites("grown", hosts, NAMES[1:]))


def test_a_second_host_is_added_and_asked(road: Road, grown: Ran) -> None:
    grown.must(0)
    assert grown.of("gpu-two.local")
    for name in ("laptop1", "laptop2"):
        assert "http://gpu-two.local:" in road.config(name)
        answered = [text for text in grown.of(name, "proven") if "OpenCode answered" in text]
        assert len(answered) == 2


def test_a_host_named_later_is_added_and_the_first_stays(road: Road, grown: Ran) -> None:
    ran = road.product("lan", "--host", "ops@new.example", "--dry-run").must(3)
    assert "new.example is added; gpu-server.local, gpu-two.local stay" in ran.stderr


def test_a_host_taken_out_disappears_from_workstations(road: Road, grown: Ran) -> None:
    ran = road.product("lan", "--remove-host", "gpu-two.local", "--yes").must(0)
    assert [entry["machine"] for entry in ran.report["machines"]] == NAMES
    for name in ("laptop1", "laptop2"):
        assert "gpu-two" not in road.config(name)
        assert "http://gpu-server.local:" in road.config(name)
    assert "remembered site" in (again := road.product("lan", "--yes").must(0)).stderr
    assert again.changes == 0
