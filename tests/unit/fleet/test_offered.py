"""A model is offered on a workstation where one of the hosts that should have it lists it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from provision.fleet.workstation.confirm import judge, places
from provision.fleet.workstation.shapes import Order
from router.loopback import Loopback, Upstream
from tests.unit.fleet.homes import Home, Served, order, serving
from tests.unit.router.standins import free_port, running

CONFIG = b"{}"
A, B, C = "a:1b", "b:1b", "c:1b"


def listed(laptop: Home, sh: list[str], wanted: Order, *models: str) -> list[str]:
    config = laptop.home / "opencode.json"
    config.write_bytes(CONFIG)
    values = {
        "CONFIG": str(config),
        "SHA256": sha256(CONFIG).hexdigest(),
        "SESSION": "no",
        "DEADLINE_S": "1",
        "PROMPT": "",
        "AGENTS": "no",
        "MODELS": " ".join(
            f"ollama/{model}>{','.join(places(wanted, f'ollama/{model}'))}" for model in models
        ),
    }
    return [value for key, value in laptop.run(sh, "confirm", values) if key == "listed"]


def pooled(router: str, *hosts: tuple[Served, str], port: int = 1) -> Order:
    """An order behind a router, with what each host should have."""
    upstreams = tuple(
        Upstream(name=model, host="127.0.0.1", port=_port(host), models=(model,), slots=2)
        for host, model in hosts
    )
    loopback = Loopback(port=port, upstreams=upstreams, first_byte_s={one.models[0]: 5 for one in upstreams})
    return order(A, B, C, url=router, hosts=loopback, routed=True)


def _port(served: Served) -> int:
    return int(served.url.rsplit(":", 1)[1])


def offer(served: Served, *models: str) -> None:
    served.files["/v1/models"] = str([{"id": model} for model in models]).replace("'", '"').encode()
    served.files["/api/tags"] = b'{"models": []}'


@pytest.fixture
def host() -> Iterator[Served]:
    with serving() as one:
        offer(one, B)
        yield one


def test_without_a_router_opencode_s_url_alone_is_asked() -> None:
    assert places(order(A), f"ollama/{A}") == ("http://gpu.lan:4242/v1",)


def test_the_hosts_that_should_have_a_model_are_asked_where_the_router_lists_another(
    laptop: Home, sh: list[str], served: Served, host: Served
) -> None:
    offer(served, A)
    wanted = pooled(served.url, (host, B), (host, C))
    a, b, c = listed(laptop, sh, wanted, A, B, C)
    assert (a, b) == (f"ollama/{A} yes 200", f"ollama/{B} yes 200")
    assert c == f"ollama/{C} no 200; {host.url}/v1: 200"
    assert "does not offer" in judge("l", [("sha256", "s"), ("listed", c)], wanted, "s").problem


def test_hosts_make_no_answer_of_a_router_that_is_down(laptop: Home, sh: list[str], host: Served) -> None:
    wanted = pooled("http://127.0.0.1:1", (host, B))
    [line] = listed(laptop, sh, wanted, B)
    assert line.startswith(f"ollama/{B} no 000")
    assert "cannot be reached" in judge("l", [("sha256", "s"), ("listed", line)], wanted, "s").problem


@pytest.mark.programs
def test_behind_the_real_router_no_answer_is_by_chance(
    laptop: Home, tmp_path: Path, served: Served, host: Served
) -> None:
    offer(served, A)
    port = free_port()
    wanted = pooled(f"http://127.0.0.1:{port}", (served, A), (host, B), port=port)
    assert wanted.hosts is not None
    with running(tmp_path, wanted.hosts):
        lines = listed(laptop, ["sh"], wanted, *[A] * 3, *[B] * 3)
        assert [line.split()[1] for line in lines] == ["yes"] * 6
