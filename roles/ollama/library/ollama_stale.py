#!/usr/bin/python3
"""Tell whether the running server is older than the files that describe it. Reads only."""

from __future__ import annotations

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: ollama_stale
short_description: Tell whether the running server is older than what is written
description:
  - Reports a change where the server was started before its unit, a drop-in or a link to it was written.
  - Restarting is the notified handler's work.
options:
  files: {description: Unit file, drop-in folder and links., type: list, elements: path, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: It only reads.}
"""
EXAMPLES = """
- name: See whether the server runs what is written
  ollama_stale:
    files: [/etc/systemd/system/ollama.service, /etc/systemd/system/ollama.service.d]
  notify: Restart ollama
"""
RETURN = """
msg: {description: Why it must be restarted., type: str, returned: changed}
"""

PROPERTIES = "--property=MainPID,ExecMainStartTimestampMonotonic,NeedDaemonReload"


def newest_write(paths: list[str]) -> float:
    """When the newest of them was written, links themselves and not what they lead to."""
    found = [path for name in paths for path in (Path(name), *Path(name).glob("*.conf"))]
    times = [path.lstat().st_mtime for path in found if path.is_symlink() or path.is_file()]
    return max(times, default=0.0)


def why_stale(state: dict[str, str], written: float) -> str:
    """The reason, empty where the server is stopped or runs what is written."""
    pid = state.get("MainPID", "0")
    if pid in ("", "0"):
        return ""
    if state.get("NeedDaemonReload") == "yes":
        return "systemd has not read the unit that is on disk"
    age_s = time.clock_gettime(time.CLOCK_MONOTONIC) - int(state["ExecMainStartTimestampMonotonic"]) / 1e6
    if time.time() - age_s < written:
        return "it was started before its settings were written"
    return ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "path", "required": True},
        },
        supports_check_mode=True,
    )
    systemctl = module.get_bin_path("systemctl", required=True)
    _, out, _ = module.run_command([systemctl, "show", "ollama.service", PROPERTIES], check_rc=True)
    state = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    reason = why_stale(state, newest_write(module.params["files"]))
    if reason:
        module.exit_json(changed=True, msg=f"ollama.service must be restarted: {reason}")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
