"""`bottleneck`: what OpenCode's own session store tells."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from importlib.resources import files
from pathlib import Path

import pytest

from tests.unit.router.station import FLASH, GPT, REF, SHELLS, SISYPHUS, Station

pytestmark = pytest.mark.programs


HEAD = "agent\tmodel\tms\ttokens_in\ttokens_out\tcost\tfault\tfirst_ms"


def answers(
    agent: str, model: str, *ms: int, cost: float = 0.0, tokens_in: int = 100, first_ms: int = 900
) -> list[str]:
    return [f"{agent}\t{model}\t{one}\t{tokens_in}\t5\t{cost}\t-\t{first_ms}" for one in ms]


@pytest.mark.parametrize("shell", SHELLS)
def test_bottleneck_counts_and_advises(shell: str, station: Station) -> None:
    station.rows = [
        HEAD,
        *answers(SISYPHUS, GPT, *range(1000, 21000, 1000), cost=0.05),
        f"{SISYPHUS}\t{GPT}\tnull\t100\t5\t0\t-\tnull",
        *answers("explore", FLASH, 2000, 3000),
        *answers("explore", REF, 1000, tokens_in=30000),
        *answers("explore", REF, 60000, tokens_in=30000, first_ms=46000),
        f"explore\t{REF}\tnull\t0\t0\t0\tAPIError\t",
        f"explore\t{REF}\tnull\t0\t0\t0\tMessageAbortedError\t",
    ]
    done = station.run("bottleneck", "--since", "30d", "--json", shell=shell)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True)
    rows = {(row["agent"], row["model"]): row for row in told["rows"]}
    assert rows["sisyphus", GPT] == {
        "agent": "sisyphus",
        "model": GPT,
        "requests": 21,
        "tokens_in": 2100,
        "tokens_out": 105,
        "cost_usd": 1.0,
        "median_s": 10.0,
        "p95_s": 19.0,
        "errors": 0,
        "fallbacks": 0,
    }
    assert rows["explore", FLASH]["fallbacks"] == 2
    assert rows["explore", REF]["requests"] == 4
    assert rows["explore", REF]["errors"] == 1
    advice = "\n".join(told["advice"])
    assert "explore fell back in 2 of 4 answers: the pool was down or too slow" in advice
    assert "sisyphus burns 100 % of the cost (1.00 of 1.00 dollars)" in advice
    assert f"explore with {REF}: 1 of 2 answers began only after more than 45 of the 57 s" in advice
    assert f"explore with {REF}: its longest prompt has 30000 of 32768 tokens" in advice
    assert f"explore with {REF}: 1 of 4 requests ended in an error (the last: APIError)" in advice
    query = (station.root / "told").read_text("utf-8")
    assert "- 30 * 86400" in query


def test_bottleneck_is_a_table_to_read(station: Station) -> None:
    station.rows = [HEAD, *answers("explore", REF, 1000, 2000, 3000)]
    lines = station.run("bottleneck").stdout.splitlines()
    assert lines[0].split() == [
        *("agent", "model", "requests", "tokens_in", "tokens_out", "cost", "$"),
        *("median", "s", "p95", "s", "errors", "fallbacks"),
    ]
    assert lines[1].split() == ["explore", REF, "3", "300", "15", "0.0000", "2.0", "3.0", "0", "0"]
    assert lines[0].index("model") == lines[1].index(REF)
    assert lines[3] == "- nothing to change: 3 answers in the last 7 days"


def test_a_long_answer_that_begins_soon_is_no_bottleneck(station: Station) -> None:
    station.rows = [HEAD, *answers("explore", REF, *[90_000] * 20)]
    told = json.loads(station.run("bottleneck", "--json").stdout)
    assert told["advice"] == ["nothing to change: 20 answers in the last 7 days"]


def test_what_it_asks_the_store(tmp_path: Path) -> None:
    tokens = {"input": 3, "output": 5, "reasoning": 7, "cache": {"read": 11, "write": 13}}
    said = {"role": "assistant", "agent": "a", "providerID": "p", "modelID": "m", "tokens": tokens, "cost": 2}
    now = int(time.time()) * 1000
    times = {"created": now, "completed": now + 9000}
    store = sqlite3.connect(tmp_path / "store.db")
    store.execute("create table message (id, time_created, data)")
    store.execute("create table part (message_id, time_created)")
    for finish in ("stop", "tool-calls"):
        data = json.dumps({**said, "time": times, "finish": finish})
        store.execute("insert into message values (?, ?, ?)", (finish, now, data))
        store.executemany("insert into part values (?, ?)", [(finish, now + 1500), (finish, now + 400)])
    script = files("router.smokes") / "bottleneck.sh"
    query = subprocess.run(
        ["sh", "-c", f". {script}; days=7; query"], capture_output=True, text=True, check=True
    ).stdout
    rows = store.execute(query).fetchall()
    assert rows == [("a", "p/m", ms, 27, 12, 2, "-", 400) for ms in (None, 9000)]


def test_nobody_worked_yet_and_that_is_no_fault(station: Station) -> None:
    done = station.run("bottleneck", "--json")
    assert json.loads(done.stdout) == {"ok": True, "rows": [], "advice": ["no answers in the last 7 days"]}
    assert done.returncode == 0
