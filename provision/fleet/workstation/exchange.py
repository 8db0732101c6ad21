"""The one way to talk with a workstation: a script by the command line, contents by stdin, lines back.

Nothing that was said is printed or logged, whatever pyinfra's verbosity: answers hold the user's files.
"""

from __future__ import annotations

import base64
import os
import pwd
import re
import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from paramiko import SSHException
from pyinfra.api.host import Host

DEADLINE_S = 60
_NEEDS = {"equip": ("tarball",), "plugin": ("tarball",), "confirm": ("copy",)}


class Broken(Exception):  # noqa: N818 - a machine's fault, told in an outcome, never raised at a user
    """The conversation broke off; `said` is safe to show."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


def script(name: str, values: Mapping[str, str] | None = None) -> str:
    """Return sh/<name>.sh behind the settings that it expects and the parts that it needs."""
    folder = files("provision.fleet.workstation") / "sh"
    head = "".join(f"{key}={shlex.quote(value)}\n" for key, value in (values or {}).items())
    return head + "".join(
        (folder / f"{part}.sh").read_text("utf-8") for part in ("common", *_NEEDS.get(name, ()), name)
    )


def command(text: str) -> str:
    """Return a script as one command; base64 alone passes every login shell (fish, csh) unharmed."""
    packed = base64.b64encode(text.encode()).decode()
    return f'eval "$(printf %s {packed} | {{ base64 -d 2>/dev/null || base64 -D; }})"'


def converse(
    host: Host, text: str, lines: Sequence[str] = (), *, deadline_s: float = DEADLINE_S
) -> list[tuple[str, str]]:
    """Run a script there and return its (key, value) lines; Broken when it did not come to its end."""
    arguments: dict[str, Any] = {"_timeout": deadline_s, **as_user(host)}
    if lines:
        arguments["_stdin"] = list(lines)
    try:
        _, output = host.run_shell_command(command(text), print_output=False, print_input=False, **arguments)
    except TimeoutError:
        raise Broken(f"it did not finish within {deadline_s:.0f} s") from None
    except (OSError, EOFError, SSHException) as error:
        raise Broken(f"the connection broke off ({type(error).__name__})") from None
    except UnicodeDecodeError:
        raise Broken("it answered something that is not text") from None
    return ended(output.stdout_lines, output.stderr_lines)


def ended(stdout: Sequence[str], stderr: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Split answer lines; Broken unless the last one is the script's own `end`."""
    found = [(key, value) for key, _, value in (line.partition(" ") for line in stdout)]
    if not found or found[-1][0] != "end":
        said = re.sub(r"[^\x20-\x7e]", "?", " ".join(stderr[-2:])) if not stdout else ""
        raise Broken(f"it broke off before its end{': ' + said[:300] if said else ''}")
    return found[:-1]


def as_user(host: Host) -> dict[str, Any]:
    """Return pyinfra's arguments where the workstation's user is another than ourselves (under sudo)."""
    user = host.data.get("as_user")
    if not user or (host.data.get("local") and user == pwd.getpwuid(os.geteuid()).pw_name):
        return {}
    if host.data.get("local") and os.geteuid() != 0:
        raise Broken(f"its files belong to {user}: run as that user, or with sudo")
    return {"_sudo": True, "_sudo_user": user}
