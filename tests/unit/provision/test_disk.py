"""Where models lie: what a host already has stays where it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from provision.disk import disk_need
from provision.facts import FoundOllama
from provision.fleet.host.reading import read_host
from provision.fleet.host.script import HostQuery, LiveQuery, look_script
from provision.hostvars import MODELS_DIR
from provision.site import Host
from tests.unit.provision.bed import BARE, CATALOGUE, HOST, SITE

STORE = "/usr/share/ollama/.ollama/models"
ADOPTING = HOST.model_copy(update={"existing_ollama": "adopt"})


@pytest.mark.parametrize(
    ("kind", "host", "models_dir"),
    [
        ("ours", HOST, STORE),
        ("ours", ADOPTING, STORE),
        ("unit", ADOPTING, STORE),
        ("unit", HOST, MODELS_DIR),
        ("docker", ADOPTING, MODELS_DIR),
    ],
)
def test_where_models_lie(kind: str, host: Host, models_dir: str) -> None:
    found = FoundOllama.model_validate({"kind": kind, "models_dir": STORE})
    facts = BARE.model_copy(update={"ollama": found})
    assert disk_need(host, SITE, CATALOGUE, facts).models_dir == models_dir


SYSTEMCTL = r"""#!/bin/sh
# A machine on which install.sh was run: its unit says nothing of models.
case "$*" in
    *Environment*) echo 'Environment=PATH=/usr/bin' ;;
    *LoadState*FragmentPath*) printf 'LoadState=loaded\nActiveState=active\nFragmentPath=\n' ;;
    *LoadState*) echo LoadState=loaded ;;
    *MainPID*) echo MainPID=0 ;;
    *User*) echo User=llm ;;
esac
"""


@pytest.mark.parametrize(("command", "is_ours"), [("/opt/ours/current/bin/ollama", True), ("/gone", False)])
def test_a_unit_that_says_nothing_of_models_has_them_in_its_users_home(
    tmp_path: Path, command: str, *, is_ours: bool
) -> None:
    home, default = tmp_path / "home", tmp_path / "default"
    (home / ".ollama/models").mkdir(parents=True)
    (home / ".ollama/models/manifest").write_text("there")
    (tmp_path / "passwd").write_text(f"root:x:0:0::/root:/bin/sh\nllm:x:9:9:a b:{home}:/bin/false\n")
    (tmp_path / "systemctl").write_text(SYSTEMCTL)
    (tmp_path / "systemctl").chmod(0o755)
    live = LiveQuery(texts=(f"{default}/manifest",), files=(str(default),))
    query = HostQuery(
        port=1,
        version="0",
        disks=(str(default),),
        models_dir=str(default),
        command=str(tmp_path / "ollama"),
        releases="/opt/ours",
        live=live,
    )
    (tmp_path / "ollama").symlink_to(command)
    script = look_script(query).replace("/etc/passwd", str(tmp_path / "passwd"))
    script = script.replace("[ -d /run/systemd/system ]", "true").replace('[ "$(id -u)" = 0 ]', "true")
    script = script.replace('PATH="', f'PATH="{tmp_path}:')
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    found = read_host({"text": done.stdout, "received_epoch": 0.0})
    assert found is not None
    store = f"{home}/.ollama/models"
    assert (found.ollama.kind, found.ollama.models_dir) == ("unit", store)
    assert found.ollama.command == (None if is_ours else str(tmp_path / "ollama"))
    assert found.disks[store].free_bytes > 0
    assert found.live is not None
    assert list(found.live.files) == [store]
    assert found.live.texts == {f"{store}/manifest": "there"}
