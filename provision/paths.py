"""Where things are: the shipped roles and playbooks, the user's state."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """The folder that holds roles/ and playbooks/: inside the wheel, or the checkout."""
    shipped = _PACKAGE / "_data"
    return shipped if shipped.is_dir() else _PACKAGE.parent


def state_root() -> Path:
    """`$XDG_STATE_HOME/astraeus-provision`; per user."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".local/state"
    return root / "astraeus-provision"


def remembered_site() -> Path:
    """The site of the last successful run."""
    return state_root() / "site.yml"
