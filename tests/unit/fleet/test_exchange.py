"""A script passes every login shell unharmed, and only a whole conversation counts."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from provision.fleet.workstation.exchange import Broken, command, ended
from provision.fleet.workstation.scripts import script

LOGIN_SHELLS = [name for name in ("sh", "bash", "zsh", "fish", "tcsh", "csh") if shutil.which(name)]


@pytest.mark.parametrize("login", LOGIN_SHELLS)
def test_every_login_shell_hands_the_script_on(login: str) -> None:
    text = 'printf \'%s\\n\' "it\'s \\\\ a !bang $((1 + 1))"\nIFS= read -r line\necho "$line"'
    done = subprocess.run(
        [login, "-c", f"sh -c {shlex.quote(command(text))}"],
        input="sent\n",
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout.splitlines() == ["it's \\ a !bang 2", "sent"]


def test_settings_cannot_break_out_of_their_quotes() -> None:
    text = script(
        "read",
        {"CONFIG_HOME": "/x'; echo pwned; '", "STATE_HOME": "$(echo pwned)", "SHELLS": "no", "FILES": ""},
    )
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=20, check=True)
    assert ("file", "absent - - - - /x'; echo pwned; '/opencode/opencode.json") in ended(
        done.stdout.splitlines()
    )


@pytest.mark.parametrize("stdout", [[], ["os Linux"], ["end"][:0]])
def test_a_conversation_without_its_end_is_broken(stdout: list[str]) -> None:
    with pytest.raises(Broken):
        ended(stdout, ["sudo: \x1b[31mno"])


def test_a_broken_conversation_shows_nothing_that_was_said_on_stdout() -> None:
    with pytest.raises(Broken) as caught:
        ended(["file file - 1 2 =c2stbGl2ZQ== /x"], ["sk-live"])
    assert "c2s" not in caught.value.said
    assert "sk-live" not in caught.value.said
