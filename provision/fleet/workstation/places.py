"""Where a workstation has programs and facts of ours, below its user's home. Imports nothing."""

from __future__ import annotations

DATA = ".local/share/astraeus-provision"
PLUGIN_HOME = f"{DATA}/plugin"
