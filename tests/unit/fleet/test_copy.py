"""The home in which OpenCode is asked holds what its configuration reads in the user's own."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.unit.fleet.homes import Home, Served
from tests.unit.router.real import opencode
from tests.unit.router.station import write

NAMED = (
    "~/.secrets/openai",
    "./.key",
    "keys/inner",
    "../beside",
    "../../above",
    "~/.config/opencode/.key",
    "~/.local/share/k",
)
AGENT = "---\nmode: subagent\nmodel: p/m\ndescription: d\n---\nyou\n"


def furnish(home: Path) -> Path:
    """A home whose configuration names files in six places, with agents linked as GNU stow does it."""
    config = home / ".config/opencode/opencode.json"
    values = {f"k{at}": {"options": {"apiKey": f"{{file:{name}}}"}} for at, name in enumerate(NAMED)}
    write(config, json.dumps({"provider": values}))
    for place in (".secrets/openai", ".config/beside", "above", ".local/share/k"):
        write(home / place, f"of {place}")
    write(config.parent / ".key", "hidden")
    write(config.parent / "keys/inner", "inner")
    write(config.parent / ".git/objects/large", "")
    write(config.parent / "node_modules/x/package.json", "{}")
    write(home / "dots/agents/mine.md", AGENT)
    (config.parent / "agents").symlink_to("../../dots/agents")
    return config


def confirmed(laptop: Home, sh: list[str], served: Served, config: Path) -> list[tuple[str, str]]:
    served.files["/v1/models"] = b'{"data": [{"id": "m1:latest"}]}'
    before = laptop.tree()
    values = {
        "CONFIG": str(config),
        "SHA256": sha256(config.read_bytes()).hexdigest(),
        "SESSION": "yes",
        "DEADLINE_S": "1",
        "PROMPT": "ready?",
        "AGENTS": "yes",
        "MODELS": f"ollama/m1>{served.url}/v1",
    }
    said = laptop.run(sh, "confirm", values, TMPDIR=str(laptop.home.parent))
    assert laptop.tree() == before
    return said


def test_a_copy_has_every_file_that_the_configuration_names(
    laptop: Home, sh: list[str], served: Served
) -> None:
    config = furnish(laptop.home)
    write(
        laptop.home / ".local/bin/opencode",
        '#!/bin/sh\n[ "$1" = debug ] || exit 3\ncd "$HOME/.config/opencode" && '
        'cat "$HOME/.secrets/openai" ./.key keys/inner ../beside ../../above "$HOME/.local/share/k" '
        "agents/mine.md node_modules/x/package.json >/dev/null && [ ! -e .git ] && "
        'touch agents/beside && [ ! -h agents ] && [ ! -e "$HOME/.config/opencode/above" ]\n',
    )
    (laptop.home / ".local/bin/opencode").chmod(0o755)
    said = dict(confirmed(laptop, sh, served, config))
    assert said["agents"] == "0 ="


@pytest.mark.programs
def test_the_real_opencode_reads_a_configuration_that_names_files_and_links(
    laptop: Home, served: Served
) -> None:
    config = furnish(laptop.home)
    program = laptop.home / ".local/bin/opencode"
    program.parent.mkdir(parents=True)
    program.symlink_to(opencode())
    said = confirmed(laptop, ["sh"], served, config)
    assert dict(said)["agents"].split(" ")[0] == "0"
    assert ("agent", "p/m mine") in said


@pytest.mark.parametrize("config", ["", "/opencode.json", "opencode.json"])
def test_a_configuration_in_no_folder_takes_nothing_along(config: str, sh: list[str], tmp_path: Path) -> None:
    script = Path("provision/fleet/workstation/sh/copy.sh").read_text()
    stand_ins = "cp() { echo cp; }; ln() { echo ln; }; mkdir() { echo mkdir; }\n"
    done = subprocess.run(
        [*sh, "-c", f'{script}{stand_ins}copy_home "$1" "$2"', "sh", str(tmp_path), config],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
