"""pyinfra as this program starts it: `python -m provision.fleet` takes pyinfra's own arguments.

paramiko loads invoke for `Match exec` alone, which no ssh_config of a run holds. Left out, as where it is not
installed, it takes a sixth of pyinfra's start with it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import cast

sys.modules["invoke"] = cast("ModuleType", None)
importlib.import_module("pyinfra_cli.main").main()
