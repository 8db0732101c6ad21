"""What people of Ansible meet when they leave the command out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_play_without_the_command_on_path_is_no_success(tmp_path: Path) -> None:
    ansible = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [sys.executable, ansible, "-i", "inventories/astraeus", "playbooks/lan.yml"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LC_ALL": os.environ.get("LC_ALL", "C.UTF-8")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "astraeus-provision" in done.stdout + done.stderr
