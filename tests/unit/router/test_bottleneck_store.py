"""`bottleneck` tells a store that nobody wrote yet from one that cannot be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.router.station import REF, SHELLS, Station, write

pytestmark = pytest.mark.programs
HEAD = "agent\tmodel\tms\ttokens_in\ttokens_out\tcost\tfault"
WAL = b"\x37\x7f\x06\x82" + bytes(28)


def _folder(store: Path) -> None:
    store.mkdir(parents=True)


def _fifo(store: Path) -> None:
    store.parent.mkdir(parents=True)
    os.mkfifo(store)


def _link_to_nowhere(store: Path) -> None:
    store.parent.mkdir(parents=True)
    store.symlink_to("nowhere")


def _log_of_something_else(store: Path) -> None:
    write(store, "")
    Path(f"{store}-wal").write_bytes(b"0123456789" * 10)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_folder, "opencode.db is no file"),
        (_fifo, "opencode.db is no file"),
        (_link_to_nowhere, "opencode.db is no file"),
        (_log_of_something_else, "opencode.db-wal is no write-ahead log"),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_store_that_is_none_is_a_fault(
    make: Callable[[Path], None], word: str, shell: str, station: Station
) -> None:
    make(station.store)
    done = station.run("bottleneck", "--json", shell=shell)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["rows"]) == (5, False, [])
    fault, remedy = told["advice"]
    assert word in fault
    assert "begins a new one" in remedy
    assert station.run("bottleneck", shell=shell).stdout == f"{fault}\n-> {remedy}\n"


def test_a_store_that_opencode_does_not_read_has_its_remedy_beside_it(station: Station) -> None:
    fails = 'sh -c "echo file is not a database >&2; exit 1"'
    done = station.run("bottleneck", "--json", script=lambda text: text.replace('"$found" db --pure', fails))
    fault, remedy = json.loads(done.stdout)["advice"]
    assert done.returncode == 5
    assert fault.endswith("opencode.db: file is not a database")
    assert "begins a new one" in remedy


def test_a_store_that_is_not_there_is_no_fault(station: Station) -> None:
    station.keys["OPENCODE_DB"] = "absent.db"
    done = station.run("bottleneck", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"] is True
    assert "OpenCode had no session yet" in done.stdout


def test_a_log_that_is_one_is_read_with_the_store(station: Station) -> None:
    write(station.store, "")
    Path(f"{station.store}-wal").write_bytes(WAL)
    station.rows = [HEAD, f"explore\t{REF}\t1000\t100\t5\t0\t-"]
    done = station.run("bottleneck")
    assert done.returncode == 0
    assert done.stdout.endswith("- nothing to change: 1 answer in the last 7 days\n")
