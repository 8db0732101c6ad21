"""`smoke` and `bottleneck`: run on this machine what was published to it, and hand on what it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from provision.errors import BrokenOffError, EngineError, ExitCode, PreflightError, ProvisionError, SiteError
from router.smoke import FACTS, SCRIPT

FOLDER = Path(".local/share/astraeus-provision")
"""In the home."""
READER_GONE = (-13, 141)
"""How the script ends when nobody reads on."""
BROKEN_OFF = (129, -1, -2, -15)
"""How it ends at a signal: it tidies up first, where it can."""
MOST_DAYS = 9999


def smoke(what: Literal["local", "routing"], *, live: bool = False, as_json: bool = False) -> int:
    """Check this workstation: DONE or PROOF; PreflightError where nothing was published to it."""
    return _run([what, *(["--live"] if live else [])], as_json=as_json)


def bottleneck(since: str = "7d", *, as_json: bool = False) -> int:
    """Say what the session store tells of agents and models; `since` is in days, as `7` or `7d`."""
    days = since.removesuffix("d")
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= MOST_DAYS):
        raise SiteError(f"command line: --since {since!r} is no number of days", remedy="write --since 7d")
    return _run(["bottleneck", "--since", days], as_json=as_json)


def _run(arguments: Sequence[str], *, as_json: bool) -> int:
    """Its own lines go straight to our stdout: it tells each check as it comes."""
    folder = Path.home() / FOLDER
    script = folder / SCRIPT
    for path in (script, folder / FACTS):
        if not path.is_file():
            raise PreflightError(
                [
                    ProvisionError(
                        f"this machine: {path} is not there: nothing was published to this user",
                        remedy="make it a workstation of the site: `astraeus-provision lan`",
                    )
                ]
            )
    sys.stdout.flush()
    words = ["sh", str(script), *arguments, *(["--json"] if as_json else [])]
    try:
        code = subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode
    except OSError as error:
        raise EngineError(f"this machine: sh cannot be run: {error.strerror}") from None
    if code in READER_GONE:
        return int(ExitCode.DONE)
    if code in BROKEN_OFF:
        raise BrokenOffError(f"this machine: {script} was broken off by a signal", remedy="run it again")
    if code not in (ExitCode.DONE, ExitCode.PROOF):
        raise EngineError(
            f"this machine: {script} ended with {code}",
            remedy="run `astraeus-provision router apply`: it is written anew",
        )
    return code
