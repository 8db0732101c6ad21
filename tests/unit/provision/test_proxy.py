"""A ProxyCommand on the way: its words are the reason, and it ends with the connection."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from provision.hostkeys import check_one
from tests.unit.provision.doors import reach


@pytest.mark.parametrize(
    ("says", "kind"),
    [
        ("No ED25519 host key is known for bastion.\nHost key verification failed.", "host key"),
        ("ada@bastion: Permission denied (publickey).", "login"),
        ("channel 0: open failed: connect failed: No route to host", "silent"),
    ],
)
def test_what_a_proxy_complains_of_is_the_reason(tmp_path: Path, says: str, kind: str) -> None:
    words = says.replace("\n", "\\n")
    proxy = f"sh -c 'printf \"{words}\" >&2; exec cat >/dev/null'"
    found = check_one(reach(tmp_path, "nowhere.invalid", proxy_command=proxy), 1)
    assert (found.state, found.kind) == ("unreachable", kind)
    assert found.reason == f"the way to it breaks off: {' '.join(says.splitlines())}"


def test_a_proxy_s_words_cannot_steer_a_terminal(tmp_path: Path) -> None:
    proxy = "sh -c 'printf \"a\\033[31mb\\nc\" >&2'"
    found = check_one(reach(tmp_path, "nowhere.invalid", proxy_command=proxy), 1)
    assert (found.kind, found.reason) == ("silent", "the way to it breaks off: a?[31mb c")


def test_a_proxy_that_heeds_no_signal_is_ended_with_what_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    proxy = f"sh -c 'trap \"\" TERM HUP; sleep 60 & echo $! > {note}; while :; do sleep 1; done'"
    begun = time.monotonic()
    check_one(reach(tmp_path, "nowhere.invalid", proxy_command=proxy), 1)
    while alive(int(note.read_text())):
        assert time.monotonic() - begun < 4
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_proxy_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    begun = time.monotonic()
    found = check_one(reach(tmp_path, "nowhere.invalid", proxy_command="sleep 0.2"), 5)
    assert time.monotonic() - begun < 3
    assert found.state == "unreachable"
