#!/usr/bin/python3
"""Keep our rules for one port at the top of ufw: the admitted networks, then nobody."""

from __future__ import annotations

import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: ufw_admit
short_description: Keep our rules for one port at the top of ufw
description:
  - Ours carry the comment C(astraeus) and stand above every other rule, so that no older one opens the port.
  - Never enables ufw and never touches a rule for another port.
options:
  port: {description: The guarded port., type: int, required: true}
  networks: {description: CIDRs that may reach it., type: list, elements: str, default: []}
  state: {description: Whether our rules are there., type: str, choices: [present, absent], default: present}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: Says which rules would stand there.}
  diff_mode: {support: full, description: Shows our rules before and after.}
"""
EXAMPLES = """
- name: Admit the networks in ufw and deny the rest
  ufw_admit: {port: 11434, networks: [10.0.0.0/24]}
"""
RETURN = """
msg: {description: What was or would be done., type: str, returned: changed}
"""

UFW = "/usr/sbin/ufw"
COMMENT = "astraeus"
ANYWHERE = {"4": "0.0.0.0/0", "6": "::/0"}
RULES_FILES = {"4": Path("/etc/ufw/user.rules"), "6": Path("/etc/ufw/user6.rules")}
TUPLE = re.compile(
    r"^### tuple ### (?P<action>\S+) (?P<proto>\S+) (?P<port>\S+) \S+ (?P<sport>\S+) (?P<source>\S+)"
    r"(?: \S+ \S+)? (?P<direction>\S+)(?: comment=(?P<comment>[0-9a-f]*))?$"
)


def wanted_rules(networks: list[str], port: int, family: str) -> list[str]:
    """Our rules of one address family as ufw's own arguments, top first."""
    admitted = [network for network in networks if (":" in network) == (family == "6")]
    allow = [f"allow from {network} to any port {port} proto tcp" for network in admitted]
    return [*allow, f"deny {port}/tcp"]


def read_rules(text: str, family: str) -> list[tuple[str, bool]]:
    """Every rule in order, those of our form as ufw's arguments, and whether it is ours."""
    rules = []
    for line in text.splitlines():
        if not line.startswith("### tuple ### "):
            continue
        rule, is_ours = line, False
        match = TUPLE.match(line)
        if match is not None:
            is_ours = bytes.fromhex(match["comment"] or "").decode("utf-8", "replace") == COMMENT
            if (match["proto"], match["sport"], match["direction"]) == ("tcp", "any", "in"):
                narrow = f"{match['action']} from {match['source']} to any port {match['port']} proto tcp"
                wide = f"{match['action']} {match['port']}/tcp"
                rule = wide if match["source"] == ANYWHERE[family] else narrow
        rules.append((rule, is_ours))
    return rules


def has_ipv6() -> bool:
    """Without IPv6 ufw lets it in on loopback only, and refuses rules for it."""
    text = Path("/etc/default/ufw").read_text(encoding="utf-8")
    return re.search(r"^IPV6=[\"']?no", text, re.MULTILINE | re.IGNORECASE) is None


def replace(module: AnsibleModule, old: list[str], wanted: list[str]) -> None:
    """Take ours away, and put the wanted ones on top: the last one first."""
    for rule in dict.fromkeys(old):
        module.run_command([UFW, "--force", "delete", *rule.split()], check_rc=True)
    for rule in wanted[::-1]:
        module.run_command([UFW, "prepend", *rule.split(), "comment", COMMENT], check_rc=True)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "port": {"type": "int", "required": True},
            "networks": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    is_present = module.params["state"] == "present"
    if not Path(UFW).exists():
        if not is_present:
            module.exit_json(changed=False)
        module.fail_json(msg="ufw is not installed, so it cannot guard the port. Run the survey again.")
    _, status, _ = module.run_command([UFW, "status"], check_rc=True, environ_update={"LC_ALL": "C"})
    if is_present and "Status: active" not in status:
        module.fail_json(
            msg="ufw is not active, so its rules would guard nothing. Enable it, then run again."
        )

    networks, port = module.params["networks"], module.params["port"]
    live, wanted, replaced, is_right = [], [], [], True
    for family in ("4", "6") if has_ipv6() else ("4",):
        rules = read_rules(RULES_FILES[family].read_text(encoding="utf-8"), family)
        ours = [rule for rule, is_ours in rules if is_ours]
        expected = wanted_rules(networks, port, family) if is_present else []
        is_right = is_right and ours == expected and all(is_ours for _, is_ours in rules[: len(expected)])
        live += ours
        wanted += expected
        # A rule of somebody else that equals one of ours would keep ours from being put on top.
        replaced += [rule for rule, is_ours in rules if is_ours or rule in expected]
    wanted = sorted(dict.fromkeys(wanted), key=lambda rule: rule.startswith("deny"))
    if is_right:
        module.exit_json(changed=False)
    if not module.check_mode:
        replace(module, replaced, wanted)
    module.exit_json(
        changed=True,
        msg="our rules in ufw are replaced" if wanted else "our rules in ufw are removed",
        diff={"before": "\n".join(dict.fromkeys(live)) + "\n", "after": "\n".join(wanted) + "\n"},
    )


if __name__ == "__main__":
    main()
