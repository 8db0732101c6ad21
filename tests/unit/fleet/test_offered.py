"""Whether a model is offered is asked by the model, with whatever program the workstation has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest

from provision.fleet.workstation.confirm import judge
from router.loopback import Loopback, Upstream
from tests.programs import need
from tests.unit.fleet.homes import Home, Served, order, serving
from tests.unit.router.standins import free_port, running

PROGRAMS = ("curl", "wget", "python3")
CONFIG = b"{}"


def listed(laptop: Home, url: str, *models: str, path: str = "") -> list[str]:
    config = laptop.home / "opencode.json"
    config.write_bytes(CONFIG)
    values = {
        "CONFIG": str(config),
        "SHA256": sha256(CONFIG).hexdigest(),
        "SESSION": "no",
        "DEADLINE_S": "1",
        "PROMPT": "",
        "AGENTS": "no",
        "MODELS": " ".join(f"ollama/{model}>{url}/v1" for model in models),
    }
    said = laptop.run(["sh"], "confirm", values, PATH=path or os.environ["PATH"])
    return [value for key, value in said if key == "listed"]


def only(folder: Path, program: str) -> str:
    """A PATH that has all of this machine's programs, but of those that fetch only one."""
    need(program)
    folder.mkdir()
    for place in map(Path, ("/usr/bin", "/bin")):
        for one in place.iterdir():
            if one.name == program or not one.name.startswith(PROGRAMS):
                link = folder / one.name
                if not link.is_symlink():
                    link.symlink_to(one)
    return str(folder)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_model_that_is_there_or_not_is_told_by_every_program(
    laptop: Home, served: Served, tmp_path: Path, program: str
) -> None:
    served.offers("m1:1b")
    path = only(tmp_path / "bin", program)
    there, missing = listed(laptop, served.url, "m1:1b", "m2", path=path)
    assert there == "ollama/m1:1b yes 200 ="
    [nobody] = listed(laptop, "http://127.0.0.1:1", "m1", path=path)
    for line, said in ((missing, "does not offer"), (nobody, "cannot be reached")):
        wrong = judge("l", [("sha256", "s"), ("listed", line)], order("m1"), "s")
        assert wrong.status == "failed"
        assert said in wrong.problem, line


def test_an_answer_that_is_none_of_ollama_s_offers_nothing(laptop: Home, served: Served) -> None:
    served.files["/api/show m1"] = b"<html>log in first</html>"
    [line] = listed(laptop, served.url, "m1")
    assert line.startswith("ollama/m1 no 200 =")


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[str]:
    """The real router before two hosts with a model each; a third one lacks what it should have."""
    with ExitStack() as stack:
        hosts = [stack.enter_context(serving()) for _ in range(3)]
        for host, models in zip(hosts, (("a:1b",), ("b",), ()), strict=True):
            host.offers(*models)
            host.files["/api/tags"] = b'{"models": []}'
        upstreams = tuple(
            Upstream(
                name=model, host="127.0.0.1", port=int(host.url.rsplit(":", 1)[1]), models=(model,), slots=2
            )
            for host, model in zip(hosts, ("a:1b", "b", "c"), strict=True)
        )
        limits = {one.models[0]: 5 for one in upstreams}
        loopback = Loopback(port=free_port(), upstreams=upstreams, first_byte_s=limits)
        stack.enter_context(running(tmp_path, loopback))
        yield f"http://127.0.0.1:{loopback.port}"


@pytest.mark.programs
def test_behind_the_router_each_model_is_asked_of_a_host_that_serves_it(laptop: Home, routed: str) -> None:
    for _ in range(6):
        assert [line.split()[1] for line in listed(laptop, routed, "a:1b", "b")] == ["yes", "yes"]
    [line] = listed(laptop, routed, "c")
    wrong = judge("l", [("sha256", "s"), ("listed", line)], order("c"), "s")
    assert "does not offer ollama/c" in wrong.problem
    assert "404: it does not have the model" in wrong.evidence
