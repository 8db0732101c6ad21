"""A smoke script with its machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import need
from tests.unit.router.standins import Host
from tests.unit.router.station import Server, Station


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.http.shutdown()
    one.http.server_close()


@pytest.fixture
def station(tmp_path: Path, server: Server) -> Station:
    need("curl")
    return Station(tmp_path, server)


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    both = (Host(), Host())
    yield both
    for one in both:
        one.stop()
