"""Each fault of a host becomes the next link's answer at once: real OpenCode and plugin, stub clouds."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.developer import Developer, Message
from tests.end_to_end.faults import MODELS, PORT, asked, fault, refused
from tests.end_to_end.product import Product
from tests.end_to_end.sites import Sites, host
from tests.lab.clouds import Clouds, Request, Step, delegation
from tests.lab.lab import Lab, LabMachine
from tests.lab.questions import log_questions, questions
from tests.lab.shell import until

pytestmark = pytest.mark.lab

LIMIT_S = 25
"""How long a model may take to begin, in these tests."""
GEMINI = "google/gemini-flash-latest"
NEXT_BUT_ONE = {"explore": "google/gemini-2.5-pro", "build-error-resolver": "openai/gpt-4o-mini"}
"""The third link of a built-in agent, and of one that we bring."""
FAULTS = ("refused", "404 removed", "500 stand-in", "503 stand-in", "429 stand-in", "cut stand-in", "hangs")
FIGURES = os.environ.get("ASTRAEUS_FAULT_FIGURES")
"""A file to append each row's seconds to, for tests/benchmarks/RESULTS.md."""
BARE = bool(os.environ.get("ASTRAEUS_WITHOUT_ROUTER"))
"""Set to see every row red: the same agents, but OpenCode asks the host itself and nobody knows a chain."""


@dataclass(frozen=True)
class Asked:
    """One question on its way: directly, or by the orchestrator's delegation."""

    agent: str
    delegated: bool
    words: str
    session: str


@dataclass(frozen=True)
class Bench:
    """A host that may fail, and a developer who has her agents from it."""

    host: LabMachine
    developer: Developer
    clouds: Clouds
    product: Product
    sites: Sites

    def site(self, *hosts: str, **router: object) -> Path:
        return self.sites(
            "faults",
            [host(name) for name in hosts or (self.host.name,)],
            ["laptop1"],
            router={
                "profile": "hybrid-cloud-ollama",
                "loopback": not BARE,
                "clouds": {name: {"base_url": url} for name, url in self.clouds.base_urls.items()},
                "first_byte_s": dict.fromkeys(MODELS, LIMIT_S),
                **router,
            },
        )

    def begins(self, agent: str, words: str, *, delegated: bool) -> Asked:
        """Ask for it, and do not wait."""
        if not delegated:
            return Asked(agent, delegated, words, self.developer.begins(words, agent))
        order = f"ORDER {words}"
        self.clouds.script([Step(order, calls=(delegation(agent, words),)), Step(order, text="it is done")])
        return Asked(agent, delegated, words, self.developer.begins(order))

    def answered(self, asked: Asked) -> tuple[Message, Message]:
        """Wait for it; the agent's first message and its answer.

        For an agent of ours the plugin begins another session when the first one failed.
        """
        talk = self.developer.waits(asked.session, lambda talk: talk.messages[-1].answers)
        talks = self.developer.children(asked.session) if asked.delegated else (talk,)
        said = [one for one in talks[0].messages if one.role == "assistant"]
        return said[0], talks[-1].answer

    def requests(self, words: str) -> list[Request]:
        """What the clouds were asked in these words by agents, not for titles."""
        return [one for one in self.clouds.requests() if one.user.startswith(words) and one.tools]


@pytest.fixture(scope="module")
def bench(lab: Lab, two: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults")
    laptop = lab.machine("laptop1")
    for machine in (two, laptop):
        machine.fresh()
        machine.trust()
    one = Bench(two, Developer(laptop), Clouds(), Product(folder / "state"), Sites(lab, folder))
    one.clouds.reset()
    one.product.lan(one.site()).must(0)
    if BARE:
        laptop.run("rm /home/dev/.config/opencode/plugins/astraeus-chain.js")
        chains_off = '/"runtime_fallback"/,/}/s/"enabled": true/"enabled": false/'
        laptop.run(f"sed -i '{chains_off}' /home/dev/.omo/omo.jsonc")
    one.developer.begin()
    for agent in NEXT_BUT_ONE:
        one.developer.asks("is all well?", agent)
    yield one
    one.clouds.reset()
    for machine in (two, laptop):
        machine.fresh()
        machine.trust()


@pytest.fixture(autouse=True)
def all_well(bench: Bench) -> None:
    bench.clouds.reset()
    until(lambda: pooled(bench), "the router has the host in its pool")


def pooled(bench: Bench) -> bool:
    """Whether the laptop's router asks the host."""
    address = bench.host.name if BARE else "127.0.0.1"
    port = PORT if BARE else 11600
    line = f"curl -sf -m 2 -o /dev/null http://{address}:{port}/v1/models"
    return bench.developer.laptop.run(line, check=False).returncode == 0


@pytest.mark.parametrize("how", FAULTS)
def test_the_next_link_answers(bench: Bench, how: str) -> None:
    began = time.time()
    with fault(bench.host, how):
        ways = [(agent, delegated) for agent in NEXT_BUT_ONE for delegated in (False, True)]
        all_asked = [
            bench.begins(agent, f"{how} {agent} {delegated}", delegated=delegated)
            for agent, delegated in ways
        ]
        answers = {one: bench.answered(one) for one in all_asked}
        local = asked(bench.host, began) if how.endswith("stand-in") else []
    for one, (first, answer) in answers.items():
        requests = bench.requests(one.words)
        assert [request.reference for request in requests] == [GEMINI], one.words
        assert answer.model == GEMINI
        _note(how, one, requests[0].time - first.seconds)
    if how.endswith("stand-in"):
        # No host gets a question twice: OpenCode's own backoff was not waited.
        words = [str(question["messages"][-1]["content"]) for question in local if question.get("tools")]
        assert len(words) == len(set(words)) > 0


def _note(how: str, one: Asked, seconds: float) -> None:
    if FIGURES:
        way = "delegated" if one.delegated else "direct"
        line = {"fault": how, "agent": one.agent, "way": way, "seconds": round(seconds, 2)}
        with Path(FIGURES).open("a") as file:
            file.write(json.dumps(line) + "\n")


def test_a_cloud_that_is_too_busy_passes_it_on_to_the_third_link(bench: Bench) -> None:
    bench.clouds.mode(GEMINI, "429")
    with refused(bench.host):
        all_asked = [
            bench.begins(agent, f"busy {agent} {delegated}", delegated=delegated)
            for agent in NEXT_BUT_ONE
            for delegated in (False, True)
        ]
        for one in all_asked:
            assert bench.answered(one)[1].model == NEXT_BUT_ONE[one.agent]
            links = [request.reference for request in bench.requests(one.words)]
            assert links == [GEMINI, NEXT_BUT_ONE[one.agent]]


def test_an_orchestrator_goes_on_too_when_its_cloud_fails(bench: Bench) -> None:
    bench.clouds.mode("openai/gpt-5.2", "500")
    words = "what is to be done?"
    assert bench.developer.asks(words).answer.model == "google/gemini-2.5-pro"
    links = [request.reference for request in bench.requests(words)]
    assert links == ["openai/gpt-5.2", "google/gemini-2.5-pro"]


def test_a_stream_that_breaks_is_told_and_the_session_stays_usable(bench: Bench) -> None:
    with fault(bench.host, "midstream stand-in"):
        session = bench.developer.begins("break in the middle", "explore")
        broken = bench.developer.waits(session, lambda talk: bool(talk.errors) or talk.messages[-1].answers)
    assert broken.errors or broken.answer.model == GEMINI
    until(lambda: pooled(bench), "the router has the host in its pool")
    bench.developer.goes_on(session, "and now", "explore")
    after = bench.developer.waits(
        session,
        lambda talk: talk.messages[-1].answers and talk.messages[-1].seconds > broken.messages[-1].seconds,
    )
    assert after.answer.answers


def test_another_host_answers_for_one_that_is_down_and_it_is_used_again_when_it_is_back(
    bench: Bench, server: LabMachine
) -> None:
    server.trust()
    bench.product.lan(bench.site(bench.host.name, server.name)).must(0)
    log_questions(server)
    log_questions(bench.host)
    began = time.time()
    with refused(bench.host):
        for number in range(4):
            for agent in NEXT_BUT_ONE:
                talk = bench.developer.asks(f"one is down {number}", agent)
                assert talk.answer.model.startswith("ollama/")
                assert talk.errors == ()
        assert [request for request in bench.clouds.requests() if request.tools] == []
        assert len(questions(server, began)) >= 8
    back = time.time()

    def used_again() -> bool:
        bench.developer.asks("are you back?", "explore")
        return bool(questions(bench.host, back))

    until(used_again, "the host is asked again", timeout_s=30)
    bench.product.lan(bench.site(), "--remove-host", server.name)


def test_sensitive_code_stays_on_the_site_even_when_the_host_is_down(bench: Bench) -> None:
    own = bench.sites.folder / "sensitive.yaml"
    own.write_text("extends: hybrid-cloud-ollama\ncloud_fallback: false\n")
    ran = bench.product.lan(bench.site(profile=str(own))).must(0)
    assert any("sisyphus" in text and "cloud" in text for text in ran.report["plan"]["warnings"])
    bench.developer.open()
    bench.clouds.reset()
    with refused(bench.host):
        for agent in NEXT_BUT_ONE:
            session = bench.developer.begins("a secret", agent, title=None)
            talk = bench.developer.waits(session, lambda talk: bool(talk.errors))
            assert "GPU pool cannot answer" in talk.errors[-1]
    assert bench.clouds.requests() == ()
    until(lambda: pooled(bench), "the router has the host in its pool")
    bench.developer.asks("a secret again", "explore")
    assert bench.clouds.requests() == ()
