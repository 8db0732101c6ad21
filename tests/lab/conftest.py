"""The lab, and a server of it that a test may spoil."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab, LabMachine


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab.load()


@pytest.fixture(scope="module")
def second(lab: Lab) -> Iterator[LabMachine]:
    """The second server; as new when all is done."""
    machine = lab.machine("gpu-two.local")
    yield machine
    machine.fresh()
    machine.trust()


@pytest.fixture
def spare(second: LabMachine) -> LabMachine:
    """A server as new, for a test to spoil."""
    second.fresh()
    second.trust()
    return second
