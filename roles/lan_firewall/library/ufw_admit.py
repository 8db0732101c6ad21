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
  - A rule that says the opposite for the same sources gives way, ufw cannot hold both.
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


def opponent(rule: str) -> str:
    """The same rule whatever its action: ufw keeps only one of them, and silently skips ours."""
    return rule.partition(" ")[2]


def look(networks: list[str], port: int, *, is_present: bool) -> tuple[list[str], list[str], list[str]]:
    """Rules to delete, our wanted rules (neither when all is right), our live rules."""
    wanted: list[str] = []
    live: list[str] = []
    obsolete: list[str] = []
    is_right = True
    for family in ("4", "6") if has_ipv6() else ("4",):
        rules = read_rules(RULES_FILES[family].read_text(encoding="utf-8"), family)
        ours = [rule for rule, is_ours in rules if is_ours]
        expected = wanted_rules(networks, port, family) if is_present else []
        on_top = all(is_ours for _, is_ours in rules[: len(expected)])
        is_right = is_right and ours == expected and on_top
        live += ours
        wanted += expected
        opponents = {opponent(rule) for rule in expected}
        obsolete += [rule for rule, is_ours in rules if is_ours or opponent(rule) in opponents]
    if is_right:
        return [], [], live
    wanted = sorted(dict.fromkeys(wanted), key=lambda rule: rule.startswith("deny"))
    return list(dict.fromkeys(obsolete)), wanted, live


def replace(module: AnsibleModule, obsolete: list[str], wanted: list[str]) -> None:
    """Take the obsolete ones away, and put the wanted ones on top: the last one first."""
    for rule in obsolete:
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
    obsolete, wanted, live = look(networks, port, is_present=is_present)
    if not obsolete and not wanted:
        module.exit_json(changed=False)
    if not module.check_mode:
        replace(module, obsolete, wanted)
        if any(look(networks, port, is_present=is_present)[:2]):
            module.fail_json(msg="ufw took our rules, but has others than those. See `ufw status numbered`.")
    others = [rule for rule in obsolete if rule not in live]
    module.exit_json(
        changed=True,
        msg="our rules in ufw are replaced" if wanted else "our rules in ufw are removed",
        diff={
            "before": "".join(f"{rule}\n" for rule in [*dict.fromkeys(live), *others]),
            "after": "".join(f"{rule}\n" for rule in wanted),
        },
    )


if __name__ == "__main__":
    main()
