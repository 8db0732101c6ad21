#!/usr/bin/python3
"""Tell whether the running server is older than the files that describe it. Reads only."""

from __future__ import annotations

import os
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: ollama_stale
short_description: Tell whether the running server is older than what is written
description:
  - Reports a change where the server runs another program, or was started before its unit or a drop-in was written.
  - Restarting is the notified handler's work.
options:
  files: {description: Unit file and drop-in folder., type: list, elements: path, required: true}
  program: {description: The program that must run., type: path, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: It only reads.}
"""
EXAMPLES = """
- name: See whether the server runs what is written
  ollama_stale:
    files: [/etc/systemd/system/ollama.service, /etc/systemd/system/ollama.service.d]
    program: /opt/astraeus/ollama/current/bin/ollama
  notify: Restart ollama
"""
RETURN = """
msg: {description: Why it must be restarted., type: str, returned: changed}
"""

PROPERTIES = "--property=MainPID,ExecMainStartTimestampMonotonic,NeedDaemonReload"


def newest_write(paths: list[str]) -> float:
    files = [path for name in paths for path in (Path(name), *Path(name).glob("*.conf")) if path.is_file()]
    return max((path.stat().st_mtime for path in files), default=0.0)


def why_stale(state: dict[str, str], program: str, written: float) -> str:
    """The reason, empty where the server is stopped or runs what is written."""
    pid = state.get("MainPID", "0")
    if pid in ("", "0"):
        return ""
    if state.get("NeedDaemonReload") == "yes":
        return "systemd has not read the unit that is on disk"
    running = os.readlink(f"/proc/{pid}/exe")
    if running != os.path.realpath(program):
        return f"{running} runs instead of {program}"
    age_s = time.clock_gettime(time.CLOCK_MONOTONIC) - int(state["ExecMainStartTimestampMonotonic"]) / 1e6
    if time.time() - age_s < written:
        return "it was started before its settings were written"
    return ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "path", "required": True},
            "program": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    systemctl = module.get_bin_path("systemctl", required=True)
    _, out, _ = module.run_command([systemctl, "show", "ollama.service", PROPERTIES], check_rc=True)
    state = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    try:
        reason = why_stale(state, module.params["program"], newest_write(module.params["files"]))
    except FileNotFoundError:  # the server ended while we looked
        reason = ""
    if reason:
        module.exit_json(changed=True, msg=f"ollama.service must be restarted: {reason}")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
