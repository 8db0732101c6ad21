"""Where things are: the shipped roles and playbooks, the user's state."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from provision.errors import EngineError

_PACKAGE = Path(__file__).resolve().parent


def data_root() -> Path:
    """The folder that holds roles/ and playbooks/: inside the wheel, or the checkout."""
    shipped = _PACKAGE / "_data"
    return shipped if shipped.is_dir() else _PACKAGE.parent


def home() -> Path:
    """The home of whoever the program runs as: under sudo root's own, also where HOME is still the user's.

    EngineError where nothing tells it.
    """
    try:
        if os.geteuid() == 0 and "SUDO_USER" in os.environ:
            return Path(pwd.getpwuid(0).pw_dir)
        return Path.home()
    except (RuntimeError, KeyError):
        raise EngineError(
            f"HOME is not set, and the user database knows no home of user id {os.geteuid()}",
            remedy="set HOME, or XDG_STATE_HOME to a folder for what this program keeps",
        ) from None


def state_root() -> Path:
    """`$XDG_STATE_HOME/astraeus-provision`; per user."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base.startswith("/") else home() / ".local/state"
    return root / "astraeus-provision"


def remembered_site() -> Path:
    """The site of the last successful run."""
    return state_root() / "site.yml"
