"""Agents at work on real laptops: who is asked, who works for whom, and what each of them may do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.end_to_end.developer import PROJECT, Developer
from tests.end_to_end.faults import refused
from tests.end_to_end.product import Product
from tests.end_to_end.road import LAPTOPS, SERVER
from tests.end_to_end.sites import Sites, host
from tests.lab.clouds import AUTH_DONE, AUTH_ORDERS, AUTH_TASK, Call, Clouds, Step, delegation, the_seven
from tests.lab.lab import Lab, LabMachine
from tests.lab.temptations import TEMPTATIONS

pytestmark = pytest.mark.lab

EXPLORE, CODER, WRITER = (
    "ollama/ministral-3:14b-32k",
    "ollama/qwen3-coder-32k",
    "ollama/lfm2.5-thinking:latest",
)
LOCAL = {
    "explore": EXPLORE,
    "build-error-resolver": CODER,
    "refactor-cleaner": CODER,
    "document-writer": WRITER,
    "doc-updater": WRITER,
    "journalist": WRITER,
}
GEMINI = "google/gemini-flash-latest"
CLOUD = {
    "laptop1": {
        "Sisyphus - ultraworker": "openai/gpt-5.2",
        "oracle": "openai/gpt-5.2",
        "tdd-guide": "openai/gpt-4o",
        "code-reviewer": "openai/gpt-4o",
        "security": "openai/gpt-5.2",
        "librarian": GEMINI,
    },
    "laptop2": {
        "Sisyphus - ultraworker": "anthropic/claude-sonnet-4-5",
        "oracle": "anthropic/claude-opus-4-5",
        "tdd-guide": "anthropic/claude-sonnet-4-5",
        "code-reviewer": "anthropic/claude-sonnet-4-5",
        "security": "anthropic/claude-opus-4-5",
        "librarian": GEMINI,
    },
}
PROFILES = {"laptop1": "hybrid-cloud-ollama", "laptop2": "hybrid-claude-ollama"}
MADE = ("written-by-a-model", "edited-by-a-model", "run-by-a-model")
"""What the models of the lab make where they may."""
SMOKE = "sh ~/.local/share/astraeus-provision/smoke.sh"


@dataclass(frozen=True)
class Team:
    """Both laptops with agents, each with another profile."""

    server: LabMachine
    developers: dict[str, Developer]
    clouds: Clouds
    product: Product
    sites: Sites

    def site(self, **profiles: str) -> Path:
        addresses = {name: {"base_url": url} for name, url in self.clouds.base_urls.items()}
        path = self.sites(
            "team", [host(SERVER)], list(profiles), router={"loopback": True, "clouds": addresses}
        )
        site = yaml.safe_load(path.read_text())
        for station in site["workstations"]:
            station["profile"] = profiles[station["name"]]
        path.write_text(yaml.safe_dump(site, sort_keys=False))
        return path


@pytest.fixture(scope="module")
def team(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    server = lab.machine(SERVER)
    laptops = {name: lab.machine(name) for name in LAPTOPS}
    server.trust()
    for laptop in laptops.values():
        laptop.fresh()
        laptop.trust()
    developers = {name: Developer(laptop) for name, laptop in laptops.items()}
    one = Team(server, developers, Clouds(), Product(folder / "state"), Sites(lab, folder))
    one.clouds.reset()
    one.product.lan(one.site(**PROFILES)).must(0)
    for developer in developers.values():
        developer.begin()
    yield one
    one.clouds.reset()
    for laptop in laptops.values():
        laptop.fresh()
        laptop.trust()


@pytest.fixture(autouse=True)
def clouds(team: Team) -> Clouds:
    team.clouds.reset()
    return team.clouds


@pytest.mark.parametrize("laptop", LAPTOPS)
def test_every_agent_reaches_its_own_model(team: Team, clouds: Clouds, laptop: str) -> None:
    developer = team.developers[laptop]
    wanted = {**CLOUD[laptop], **LOCAL}
    sessions = {agent: developer.begins(f"who are you, {agent}?", agent) for agent in wanted}
    answers = {
        agent: developer.waits(session, lambda talk: talk.messages[-1].answers).answer
        for agent, session in sessions.items()
    }
    assert {agent: answer.model for agent, answer in answers.items()} == wanted
    asked = {
        agent: [one.reference for one in clouds.requests() if one.user.startswith(f"who are you, {agent}?")]
        for agent in wanted
    }
    assert asked == {agent: [model] if agent not in LOCAL else [] for agent, model in wanted.items()}


def test_a_task_crosses_cloud_and_gpu_and_comes_back(team: Team, clouds: Clouds) -> None:
    developer, wanted = team.developers["laptop1"], {**CLOUD["laptop1"], **LOCAL}
    clouds.script(the_seven())
    talk = developer.asks(AUTH_TASK)
    assert talk.answer.text == AUTH_DONE
    assert clouds.left() == ()
    children = developer.children(talk.id)
    worked = [(child.answer.agent, child.answer.model) for child in children]
    assert worked == [(agent, wanted[agent]) for agent in AUTH_ORDERS]
    results = [used.said for used in talk.tools if used.tool == "task"]
    assert len(results) == len(AUTH_ORDERS)
    assert "the model is ready" in results[0], "the GPU's answer came back to the cloud"
    assert f"stub {wanted['oracle']} answers" in results[1]


@pytest.mark.parametrize("agent", LOCAL)
def test_what_a_local_agent_may_not_is_refused(team: Team, clouds: Clouds, agent: str) -> None:
    developer = team.developers["laptop1"]
    sessions = {marker: developer.begins(f"please {marker} now", agent) for marker in TEMPTATIONS}
    for marker, session in sessions.items():
        talk = developer.waits(session, lambda talk: talk.messages[-1].answers)
        (used,) = talk.tools
        assert (used.tool, used.status) == (TEMPTATIONS[marker][0], "error")
        assert "unavailable tool" in used.said
        assert developer.children(session) == ()
    assert made(developer) == []
    assert [one for one in clouds.requests() if one.provider == "web"] == []


def made(developer: Developer) -> list[str]:
    """What models have made in the project; it is taken away."""
    line = f"cd {PROJECT} && ls {' '.join(MADE)} 2>/dev/null; rm -f {' '.join(MADE)}"
    return sorted(developer.laptop.run(line).stdout.split())


def test_what_an_agent_may_it_does(team: Team, clouds: Clouds) -> None:
    developer = team.developers["laptop2"]
    write = Call("write", {"filePath": f"{PROJECT}/{MADE[0]}", "content": "mine"})
    fetch = Call("webfetch", {"url": clouds.page, "format": "text"})
    work = [write, fetch, delegation("explore", "Look around.")]
    clouds.script(
        [*(Step("do your work", calls=(call,)) for call in work), Step("do your work", text="done")]
    )
    talk = developer.asks("do your work")
    assert [(used.tool, used.status) for used in talk.tools] == [
        ("write", "completed"),
        ("webfetch", "completed"),
        ("task", "completed"),
    ]
    assert made(developer) == [MADE[0]]
    assert "web" in {one.provider for one in clouds.requests()}
    (child,) = developer.children(talk.id)
    assert child.answer.model == EXPLORE


def test_a_local_agent_that_a_profile_loosens_may_that_and_no_more(team: Team, clouds: Clouds) -> None:
    own = team.sites.folder / "looser.yaml"
    may = "may: [edit, fetch]"
    own.write_text(
        f"extends: hybrid-cloud-ollama\nagents:\n  refactor-cleaner:\n    {may}\n  explore:\n    {may}\n"
    )
    ran = team.product("router", "apply", "--site", team.site(laptop1=str(own)), "--yes").must(0)
    assert any("refactor-cleaner" in text and "edit" in text for text in ran.report["plan"]["warnings"])
    developer = team.developers["laptop1"]
    developer.open()
    for agent in ("refactor-cleaner", "explore"):
        used = {
            marker: developer.asks(f"please {marker} now", agent).tools[0].status for marker in TEMPTATIONS
        }
        assert used == {
            "[[write]]": "completed",
            "[[edit]]": "completed",
            "[[bash]]": "error",
            "[[webfetch]]": "completed",
            "[[task]]": "error",
        }, agent
        assert made(developer) == [MADE[1], MADE[0]]
        assert "web" in {one.provider for one in clouds.requests()}, agent
        clouds.reset()


def smoke(developer: Developer, words: str, code: int) -> dict[str, Any]:
    """What the published script says, as its user runs it."""
    done = developer.laptop.run(f"{SMOKE} {words} --json", user="dev", check=False)
    assert done.returncode == code, done.stdout
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_smoke_tells_what_works_and_what_does_not(team: Team) -> None:
    developer = team.developers["laptop2"]
    assert {check["ok"] for check in smoke(developer, "local", 0)["checks"]} == {True}
    live = smoke(developer, "routing --live", 0)["checks"]
    assert len([check for check in live if check["check"].endswith(": live")]) == 12
    with refused(team.server):
        broken = smoke(developer, "local", 5)["checks"]
        assert any(not check["ok"] and check["remedy"] for check in broken)
    assert smoke(developer, "bottleneck", 0)
