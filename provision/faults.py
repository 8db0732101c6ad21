"""A fault of the program itself, told like every other error; its traceback is kept in a file."""

from __future__ import annotations

import errno
import traceback
from datetime import UTC, datetime
from pathlib import Path

from provision.errors import EngineError, ProvisionError
from provision.foreign import printable
from provision.paths import state_root
from provision.rundir import write_atomic

_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "make room there"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "allow more open files (`ulimit -n`)"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "let this user read and write there"),
    errno.EIO: "see what this machine's own log says about that disk",
}
"""What a machine may lack: no fault of the program's."""


def _lack(error: OSError, changed: str) -> EngineError:
    """What keeps this machine from reading or writing: the file, and what to do."""
    where = "" if error.filename is None else f"{printable(str(error.filename))}: "
    remedy = f"{_REMEDIES[error.errno or 0]}, then run this again"
    if "/astraeus-provision/" in where:
        remedy += "; or keep the state of this program elsewhere: XDG_STATE_HOME names the folder"
    return EngineError(f"{where}{error.strerror}", changed=changed, remedy=remedy)


def as_error(error: Exception, folder: Path | None = None, changed: str = "") -> ProvisionError:
    """A ProvisionError as it is; what this machine lacks as an EngineError that says so.

    Anything else is an EngineError that names the file with the traceback.
    """
    if isinstance(error, ProvisionError):
        return error
    if isinstance(error, OSError) and error.errno in _REMEDIES:
        return _lack(error, changed)
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    try:
        path = (folder or state_root()) / f"fault-{stamp}.txt"
        write_atomic(path, "".join(traceback.format_exception(error)))
        kept = f"its traceback is in {path}; please report it"
    except (OSError, ProvisionError):  # no room, or no home
        kept = "please report it"
    return EngineError(
        f"a fault in this program: {type(error).__name__}: {error}", changed=changed, remedy=kept
    )
