"""pyinfra as this program starts it: `python -m provision.fleet` takes pyinfra's own arguments.

paramiko loads invoke for `Match exec` alone, which no ssh_config of a run holds. Left out, as where it is not
installed, it takes a sixth of pyinfra's start with it.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import cast


def main() -> None:
    """Run pyinfra, and leave without taking fifty connections apart object by object: its end closes them."""
    sys.modules["invoke"] = cast("ModuleType", None)
    try:
        pyinfra = importlib.import_module("pyinfra_cli.main")
        # Only now: paramiko must meet the threads and sockets that gevent put in place.
        importlib.import_module("provision.handshake").guard()
        pyinfra.main()
    except SystemExit as end:
        if isinstance(end.code, str):
            raise
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)


main()
