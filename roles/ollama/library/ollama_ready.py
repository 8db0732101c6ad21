#!/usr/bin/python3
"""Wait until the server says its version; a failure brings the service's own journal lines."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: ollama_ready
short_description: Wait until the server says its version
description:
  - Gives up at once when systemd has restarted the service again and again.
  - Does not wait in check mode, where the server may not be there yet.
options:
  port: {description: Port on loopback., type: int, required: true}
  version: {description: What /api/version must say., type: str, required: true}
  timeout_s: {description: How long to wait., type: int, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: It does not wait.}
"""
EXAMPLES = """
- name: Wait until the server says its version
  ollama_ready: {port: 11434, version: 0.32.15, timeout_s: 60}
"""
RETURN = """
msg: {description: What the server said., type: str, returned: always}
"""

UNIT = "ollama.service"
JOURNAL_LINES = 20
RESTARTS_THAT_TELL = 3
POLL_S = 0.25


def ask_version(port: int) -> str:
    """The version that the server says; empty where nothing sensible answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/version")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=3) as response:
            said = json.load(response)
    except (OSError, ValueError, urllib.error.HTTPError):
        return ""
    return str(said.get("version", "")) if isinstance(said, dict) else ""


def restarts(module: AnsibleModule) -> int:
    _, out, _ = module.run_command(["systemctl", "show", UNIT, "--property=NRestarts", "--value"])
    return int(out.strip() or 0)


def journal(module: AnsibleModule) -> str:
    rc, out, err = module.run_command(
        ["journalctl", "-u", UNIT, "-n", str(JOURNAL_LINES), "--no-pager", "-o", "short-iso"]
    )
    return out.strip() if rc == 0 else f"(its journal cannot be read: {err.strip()})"


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "required": True},
            "version": {"type": "str", "required": True},
            "timeout_s": {"type": "int", "required": True},
        },
        supports_check_mode=True,
    )
    port, wanted = module.params["port"], module.params["version"]
    if module.check_mode:
        module.exit_json(changed=False, msg="not asked in check mode")
    deadline = time.monotonic() + module.params["timeout_s"]
    before = restarts(module)
    problem = ""
    while not problem:
        said = ask_version(port)
        if said == wanted:
            module.exit_json(changed=False, msg=f"{UNIT} says version {said}")
        if restarts(module) - before >= RESTARTS_THAT_TELL:
            problem = f"{UNIT} ends again and again"
        elif time.monotonic() > deadline:
            answer = f"says version {said}, not {wanted}" if said else "does not answer"
            problem = f"{UNIT} {answer} on port {port} after {module.params['timeout_s']} s"
        else:
            time.sleep(POLL_S)
    module.fail_json(msg=f"{problem}. The last lines of its journal:\n{journal(module)}")


if __name__ == "__main__":
    main()
