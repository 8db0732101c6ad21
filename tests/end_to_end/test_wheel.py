"""The wheel, installed where there is no checkout, does the same."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.end_to_end.product import Product
from tests.lab.lab import LabMachine
from tests.lab.layout import ENTER

pytestmark = pytest.mark.lab

CHECKOUT = Path(__file__).parents[2]


def run(*words: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "ASTRAEUS_SITE"}}
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**clean, **env},
        timeout=240,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment in a foreign folder: the wheel, and this one's packages for its dependencies."""
    folder = tmp_path_factory.mktemp("elsewhere")
    built = run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", cwd=CHECKOUT
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    place = folder / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    done = run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    found = next(place.glob("lib/python*/site-packages"))
    # Of a folder that a .pth names, no .pth is read: the checkout's editable install stays out.
    (found / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path) -> Product:
    return Product(
        tmp_path / "state", program=installed / "bin" / "astraeus-provision", env={"PYTHONPATH": ""}
    )


def test_the_wheel_holds_all_that_is_needed_and_nothing_else(installed: Path) -> None:
    (wheel,) = (installed.parent / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "provision/catalogue.yaml",
        "provision/_data/playbooks/lan.yml",
        "provision/_data/roles/ollama/templates/ollama.service.j2",
        "provision/_data/inventories/astraeus",
        "provision/_data/ansible.cfg",
        "provision/fleet/workstation/sh/replace.sh",
        "provision/sitetests/conftest.py",
        "router/py.typed",
    ):
        assert needed in names
    assert not [
        name for name in names if "molecule" in name or name.startswith("tests/") or "__pycache__" in name
    ]


def test_it_is_the_wheel_s_code_that_runs(installed: Path, tmp_path: Path) -> None:
    code = (
        "import provision, router; from provision.paths import data_root; "
        "print(provision.__file__, router.__file__, data_root())"
    )
    places = run(installed / "bin" / "python", "-c", code, cwd=tmp_path).stdout.split()
    assert len(places) == 3
    assert all(place.startswith(str(installed)) for place in places)


def test_it_brings_an_altered_host_back(
    elsewhere: Product, served: Path, two: LabMachine, tmp_path: Path
) -> None:
    two.run("systemctl stop ollama")
    ran = elsewhere("lan", "--site", served, "--yes", cwd=tmp_path).must(0)
    assert ran.of("gpu-two.local")
    assert str(CHECKOUT) not in ran.commands
    assert elsewhere("lan", "--yes", cwd=tmp_path).must(0).changes == 0
    assert elsewhere("--version", cwd=tmp_path).must(0).stdout.startswith("astraeus-provision ")
    assert '"$schema"' in elsewhere("site", "schema", cwd=tmp_path).must(0).stdout


def test_a_site_s_own_ci_runs_the_shipped_facts(installed: Path, served: Path, tmp_path: Path) -> None:
    words: list[str | Path] = [
        ENTER,
        installed / "bin" / "python",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # of Ansible there is no second one
    settings = {"ASTRAEUS_SITE": str(served), "XDG_STATE_HOME": str(tmp_path), "PATH": path}
    done = run(*words, "--pyargs", "provision.sitetests", cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
