"""Whether a port is free is known before anything is written, whichever program asks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest

from provision.fleet.workstation.loopback import foreign_on_port
from provision.fleet.workstation.reading import read_look
from tests.unit.fleet.homes import LOOK_VALUES, Home, Served
from tests.unit.fleet.machines import Machine

ASKERS = {
    "curl": ["curl"],
    "GNU wget": ["wget"],
    "busybox wget": ["busybox", "wget"],
    "python": ["python3"],
}
PRESENT = [name for name, words in ASKERS.items() if which(words[0])]
SH = ["sh"]


@pytest.fixture(params=PRESENT)
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The programs of this machine, with one alone that asks a port."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for place in ("/usr/bin", "/bin"):
        for program in Path(place).iterdir():
            if program.name not in ("curl", "wget", "python3") and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    words = ASKERS[request.param]
    asker = folder / words[-1]
    asker.write_text(f'#!/bin/sh\nexec {which(words[0])} {" ".join(words[1:])} "$@"\n')
    asker.chmod(0o755)
    return folder


@contextmanager
def mute() -> Iterator[int]:
    """A port where something listens that speaks no HTTP: it hangs up at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def closed() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def taken(laptop: Home, tools: Path, port: int) -> bool:
    """Whether the look finds another process there."""
    values = {**LOOK_VALUES, "PORT": str(port), "STATUS_PATH": "/-/router"}
    look = read_look(laptop.run(SH, "look", values, PATH=str(tools)))
    assert look.proxy.port
    return bool(foreign_on_port(look.proxy, port))


def test_a_port_where_nothing_listens_is_free(laptop: Home, tools: Path) -> None:
    assert not taken(laptop, tools, closed())


def test_a_server_that_does_not_know_the_page_has_the_port(laptop: Home, tools: Path, served: Served) -> None:
    assert taken(laptop, tools, int(served.url.rsplit(":", 1)[1]))


def test_a_process_that_speaks_another_protocol_has_the_port(laptop: Home, tools: Path) -> None:
    with mute() as port:
        assert taken(laptop, tools, port)


def test_the_start_of_the_router_finds_the_same(
    laptop: Home, tools: Path, tmp_path: Path, served: Served
) -> None:
    machine = Machine(laptop, tmp_path / "tools", served)
    machine.has_haproxy()
    said = machine.does("apply", programs=str(tools))
    assert said[-1][1].startswith("port"), said
