"""Hosts for the role tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.roles.bed import Bed


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    """A host that all three roles have converged."""
    host = Bed.start("roles")
    try:
        played = host.play()
        assert played.failure == ""
        yield host
    finally:
        host.stop()
