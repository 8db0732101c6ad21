"""A host's signs of life, asked with the real script of this machine and stand-ins for what it calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.engines.vitals import Vitals, read_vitals, vitals
from provision.ssh import this_machine

XID = "NVRM: Xid (PCI:0000:01:00): 79, pid=0, GPU has fallen off the bus."
FOUND = 'level=INFO msg="inference compute" id=cpu library=cpu'
STAND_INS = {
    "sudo": '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n',
    "systemctl": "#!/bin/sh\necho NRestarts=4\n",
    "journalctl": f"#!/bin/sh\n[ \"$1\" = -k ] && echo '{XID}'\n[ \"$1\" = -u ] && echo '{FOUND}'\nexit 0\n",
    "nvidia-smi": "#!/bin/sh\ncase $1 in *throttle*) echo '0, 91, Active, Not Active' ;; *) exit 2 ;; esac\n",
}


@pytest.fixture
def sick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in STAND_INS.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


@pytest.mark.usefixtures("sick")
def test_what_is_wrong_is_read() -> None:
    logged: list[list[str]] = []
    found = vitals(this_machine("here"), None, logged.append)
    assert found == Vitals(restarts=4, xid=XID, hot="0, 91, Active, Not Active", compute=FOUND)
    assert logged[0][:2] == ["sh", "-c"]


def test_a_machine_without_all_that_is_read_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    way = this_machine("here").model_copy(update={"user": "root"})
    found = vitals(way, None, lambda _: None)
    assert found is not None
    assert found.hot == ""


@pytest.mark.parametrize("text", ["", "restarts=1", "noise", "restarts=x\ncomplete=no"])
def test_half_an_answer_is_none(text: str) -> None:
    assert read_vitals(text) is None


def test_noise_and_control_characters_do_no_harm() -> None:
    found = read_vitals("hello\nrestarts=\nxid=a\x1b[31mb\ncomplete=yes\n")
    assert found is not None
    assert (found.restarts, "\x1b" in found.xid) == (None, False)
