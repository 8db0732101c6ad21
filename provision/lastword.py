"""How a command ends that has no report: a sentence on stderr, or the one document that `--json` promises."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from provision.errors import BrokenOffError, PreflightError, ProvisionError, SiteError
from provision.faults import as_error
from provision.report import Failure
from provision.streams import OutputError, note, result


def last_word(error: BaseException, *, as_json: bool) -> int:
    """Tell why, and the exit code for it."""
    told = _as_told(error)
    if as_json and not isinstance(told, OutputError):
        try:
            result(document(told))
        except OutputError as full:
            note(f"{told}\n{full}")
    elif hasattr(error, "show"):  # a wrong command line: with the usage of what was typed
        with suppress(OSError):
            error.show()
    else:
        note(str(told))
    return int(told.exit_code)


def document(error: ProvisionError) -> str:
    """The same shape as a report's own verdict."""
    parts = error.parts if isinstance(error, PreflightError) else (error,)
    failures = [Failure.of(part).model_dump(mode="json") for part in parts]
    return json.dumps({"ok": False, "exit_code": int(error.exit_code), "failures": failures}, indent=2)


def _as_told(error: BaseException) -> ProvisionError:
    if isinstance(error, KeyboardInterrupt):
        return BrokenOffError("Interrupted.", changed="No machine was changed.", remedy="run it again")
    usage: Any = getattr(error, "format_message", None)
    if usage is not None:
        return SiteError(f"command line: {usage()}", remedy="`astraeus-provision --help` lists what there is")
    return as_error(error if isinstance(error, Exception) else RuntimeError(str(error)))
