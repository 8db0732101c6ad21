"""Taking ours out through pyinfra itself: what cannot be read is told, what broke off is done later."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.forms import LOCAL
from tests.unit.fleet.runs import SECRET, Run

pytestmark = pytest.mark.programs


@pytest.fixture
def published(run: Run, tmp_path: Path) -> Run:
    """A later run, with no order, on a laptop that was published to."""
    run.order("m1", settle=True)
    run.look()
    assert getattr(run.phase("publish")[LOCAL], "status", "") == "changed"
    return Run(tmp_path / "a later run", run.laptop, run.url)


def test_a_file_that_cannot_be_read_is_refused_and_left(published: Run) -> None:
    config = published.laptop.home / ".config/opencode/opencode.jsonc"
    config.write_text(f'{{\n  "apiKey": "{SECRET}"\n  "x": 1\n}}')
    before = published.laptop.tree()
    look = published.look()
    assert look.change is None
    assert look.refused.startswith(f"{config}: line 3, column 3")
    assert look.remedy
    told = published.phase("withdraw")[LOCAL]
    assert getattr(told, "status", "") == "failed"
    assert published.laptop.tree() == before
    assert SECRET not in published.said
