#!/usr/bin/python3
"""Make the kernel's nftables table equal to a rules file that is written the way nft prints it."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: nft_table
short_description: Make our nftables table in the kernel equal to a rules file
description:
  - Compares what nft prints of the table with the end of the rules; loads the file where they differ.
  - So a rule that was changed by hand, or a ruleset that was flushed, is seen.
options:
  file: {description: The rules file on the host., type: path, required: true}
  rules: {description: What stands or will stand in it; empty for no table., type: str, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: Says that the rules would be loaded.}
  diff_mode: {support: full, description: Shows the table before and after.}
"""
EXAMPLES = """
- name: Load the rules where the kernel has others
  nft_table:
    file: /etc/astraeus/firewall.nft
    rules: "{{ lookup('ansible.builtin.template', 'firewall.nft.j2') }}"
"""
RETURN = """
msg: {description: What was or would be done., type: str, returned: changed}
"""

TABLE = "table inet astraeus"
NFT = "/usr/sbin/nft"


def wanted_table(rules: str) -> str:
    """The last block of the rules file, which is what nft prints."""
    start = rules.rfind(TABLE + " {")
    return rules[start:].strip() if start >= 0 else ""


def live_table(module: AnsibleModule) -> str:
    rc, out, err = module.run_command([NFT, *("list " + TABLE).split()])
    if rc == 0:
        return str(out).strip()
    if "No such file or directory" in err:
        return ""
    module.fail_json(msg=f"nft cannot list the table: {err.strip()}")
    return ""


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "file": {"type": "path", "required": True},
            "rules": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = wanted_table(module.params["rules"])
    live = live_table(module) if Path(NFT).exists() else ""
    if live == wanted:
        module.exit_json(changed=False)
    if not module.check_mode:
        load = ["-f", module.params["file"]] if wanted else ("delete " + TABLE).split()
        module.run_command([NFT, *load], check_rc=True)
        if live_table(module) != wanted:
            module.fail_json(msg=f"nft prints another table than was loaded from {module.params['file']}")
    module.exit_json(
        changed=True,
        msg="the kernel's table is replaced" if wanted else "the kernel's table is removed",
        diff={"before": live + "\n", "after": wanted + "\n", "before_header": TABLE, "after_header": TABLE},
    )


if __name__ == "__main__":
    main()
