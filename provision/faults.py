"""A fault of the program itself, told like every other error; its traceback is kept in a file."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

from provision.errors import EngineError, ProvisionError
from provision.paths import state_root
from provision.rundir import write_atomic


def as_error(error: Exception, folder: Path | None = None, changed: str = "") -> ProvisionError:
    """A ProvisionError as it is; anything else as an EngineError that names the file with the traceback."""
    if isinstance(error, ProvisionError):
        return error
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    path = (folder or state_root()) / f"fault-{stamp}.txt"
    try:
        write_atomic(path, "".join(traceback.format_exception(error)))
        kept = f"its traceback is in {path}; please report it"
    except OSError:
        kept = "please report it"
    return EngineError(
        f"a fault in this program: {type(error).__name__}: {error}", changed=changed, remedy=kept
    )
