"""The lab, the product and site files, for every test of the whole road."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.product import Product
from tests.end_to_end.sites import Sites
from tests.lab.lab import Lab, LabMachine


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab.load()


@pytest.fixture
def product(tmp_path: Path) -> Product:
    """The product with an empty memory."""
    return Product(tmp_path / "state")


@pytest.fixture
def sites(lab: Lab, tmp_path: Path) -> Sites:
    return Sites(lab, tmp_path)


@pytest.fixture(scope="session")
def server(lab: Lab) -> LabMachine:
    """The host that serves everything."""
    return lab.machine("gpu-server.local")


@pytest.fixture(scope="session")
def two(lab: Lab) -> LabMachine:
    """The host on which things go wrong."""
    return lab.machine("gpu-two.local")


@pytest.fixture(scope="session")
def laptop1(lab: Lab) -> LabMachine:
    return lab.machine("laptop1")


@pytest.fixture(scope="session")
def laptop2(lab: Lab) -> LabMachine:
    return lab.machine("laptop2")


@pytest.fixture(scope="module")
def served(lab: Lab, two: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host that serves the smallest model to nobody, as we left it; its site file."""
    folder = tmp_path_factory.mktemp("served")
    two.trust()
    site = Sites(lab, folder).small()
    Product(folder / "state").lan(site).must(0)
    return site
