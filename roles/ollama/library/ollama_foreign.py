#!/usr/bin/python3
"""Name the files of an Ollama install that astraeus-provision did not write. Reads only."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: ollama_foreign
short_description: Name the files of an Ollama install that we did not write
description:
  - Ours are a unit whose first line has the mark, and a command that is a link into our prefix.
  - Drop-ins beside a unit of ours are the operator's own and stay.
options:
  unit: {description: Path of the unit in /etc., type: path, required: true}
  command: {description: Path of the command on PATH., type: path, required: true}
  prefix: {description: Folder of our releases., type: path, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: It only reads.}
"""
EXAMPLES = """
- name: Look for an Ollama that is not ours
  ollama_foreign:
    unit: /etc/systemd/system/ollama.service
    command: /usr/local/bin/ollama
    prefix: /opt/astraeus/ollama
"""
RETURN = """
paths: {description: Every foreign file., type: list, elements: str, returned: always}
dropins: {description: Those of them that are drop-ins., type: list, elements: str, returned: always}
"""

MARK = "# Written by astraeus-provision"
PACKAGED_UNIT_DIRS = (Path("/usr/lib/systemd/system"), Path("/lib/systemd/system"))


def is_marked(path: Path) -> bool:
    return path.read_text(encoding="utf-8", errors="replace").startswith(MARK)


def foreign_units(unit: Path) -> list[Path]:
    """The unit in /etc; where there is none, one that a distribution package brought."""
    if unit.is_file():
        return [] if is_marked(unit) else [unit]
    for folder in PACKAGED_UNIT_DIRS:
        packaged = folder / unit.name
        if packaged.is_file():
            return [packaged]
    return []


def foreign_command(command: Path, prefix: Path) -> list[Path]:
    if not command.exists() and not command.is_symlink():
        return []
    ours = command.is_symlink() and prefix in command.readlink().parents
    return [] if ours else [command]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "unit": {"type": "path", "required": True},
            "command": {"type": "path", "required": True},
            "prefix": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    unit = Path(module.params["unit"])
    units = foreign_units(unit)
    dropins = sorted(unit.with_name(unit.name + ".d").glob("*.conf")) if units else []
    dropins = [path for path in dropins if not is_marked(path)]
    command = foreign_command(Path(module.params["command"]), Path(module.params["prefix"]))
    module.exit_json(
        changed=False,
        paths=[str(path) for path in (*units, *dropins, *command)],
        dropins=[str(path) for path in dropins],
    )


if __name__ == "__main__":
    main()
