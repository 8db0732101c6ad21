"""Hosts for the role tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.roles.bed import Bed


@pytest.fixture(scope="module")
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    """A host that all three roles have converged."""
    module = request.module.__name__.rpartition(".test_")[2]
    host = Bed.start(module.replace("_", "-"))
    try:
        played = host.play()
        assert played.failure == ""
        yield host
    finally:
        host.stop()
