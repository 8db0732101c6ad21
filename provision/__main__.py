"""`python -m provision` is `astraeus-provision`: this is where both begin.

Before anything slow is imported a signal ends the program with a word instead of a traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_SAID = "Interrupted. No machine was changed."


def _leave(_number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        if "--json" in sys.argv:
            failures = f'[{{"problem": "{_SAID}"}}]'
            os.write(1, f'{{"ok": false, "exit_code": 130, "failures": {failures}}}\n'.encode())
        else:
            os.write(2, f"{_SAID}\n".encode())
    os._exit(130)


def main() -> NoReturn:
    """Run the command line."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, or a shell's background
            signal.signal(number, _leave)
    from provision.cli import main as run  # noqa: PLC0415 - slow

    run()


if __name__ == "__main__":
    main()
