"""What happens to machines is kept as JSON lines and adds up to the report."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.provision.stage import operation


def test_outcomes_are_kept_in_order_as_json_lines(tmp_path: Path) -> None:
    run = operation(tmp_path)
    run.outcomes.add("converge", "gpu.local", "changed", "unit", "drop-in")
    run.outcomes.add("prove", "gpu.local", "proven", "version")
    lines = [json.loads(line) for line in (run.run.root / "outcomes.jsonl").read_text().splitlines()]
    assert [(line["step"], line["kind"], line["text"]) for line in lines] == [
        ("converge", "changed", "unit"),
        ("converge", "changed", "drop-in"),
        ("prove", "proven", "version"),
    ]


def test_what_was_changed_is_counted_by_machine(tmp_path: Path) -> None:
    outcomes = operation(tmp_path).outcomes
    assert outcomes.changed_text() == "Nothing was changed."
    outcomes.add("prove", "b", "proven", "x")
    assert outcomes.changed_text() == "Nothing was changed."
    outcomes.add("converge", "a", "changed", "x", "y")
    outcomes.add("publish", "b", "changed", "z")
    assert "a (2 changes), b (1 change)" in outcomes.changed_text()
    assert "rerun" in outcomes.changed_text()


def test_what_was_taken_back_is_no_change_and_stays_in_the_log(tmp_path: Path) -> None:
    run = operation(tmp_path)
    run.outcomes.add("publish", "a", "changed", "x", "y")
    run.outcomes.add("publish", "b", "changed", "x")
    run.outcomes.taken_back("putback", "a", "x", "never done")
    assert "a (1 change), b (1 change)" in run.outcomes.changed_text()
    last = json.loads((run.run.root / "outcomes.jsonl").read_text().splitlines()[-1])
    assert (last["step"], last["machine"], last["kind"], last["text"]) == ("putback", "a", "undone", "x")


def test_every_machine_has_its_report_even_without_outcomes(tmp_path: Path) -> None:
    outcomes = operation(tmp_path).outcomes
    for kind in ("changed", "proven", "warning", "left"):
        outcomes.add("s", "a", kind, kind)
    first, second = outcomes.reports({"a": "host", "b": "workstation"})
    assert (first.changed, first.proven, first.warnings, first.left) == (
        ("changed",),
        ("proven",),
        ("warning",),
        ("left",),
    )
    assert (second.machine, second.kind, second.changed) == ("b", "workstation", ())
