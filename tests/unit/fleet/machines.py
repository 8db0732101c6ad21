"""A workstation whose service manager, package manager and the like are stand-ins that note what is asked."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from provision.fleet.workstation.loopback import Act, loopback_values
from provision.fleet.workstation.proxy import Proxy
from router.loopback import Loopback, config_hash, haproxy_config
from tests.unit.fleet.homes import Home, Served

SH = ["sh"]
Lines = list[tuple[str, str]]

SYSTEMCTL = """\
echo "$*" >>calls
case "$*" in
    *show-environment) [ ! -e no_manager ] ;;
    *NeedDaemonReload*) echo NeedDaemonReload=$(cat changed 2>/dev/null || echo no) ;;
    *NRestarts*) echo NRestarts=$(cat restarts 2>/dev/null || echo 0) ;;
    *is-active*) [ -e active ] ;;
    *disable*|*' stop '*) [ -e stuck ] || rm -f active ;;
    *is-enabled*) [ ! -e masked ] || echo masked; [ -e enabled ] ;;
esac
"""
CURL = """\
[ -e started ] || { printf 000; exit 7; }
while [ "$1" != -o ]; do shift; done
cat says >"$2"
printf 200
"""
"""Refused until it is started."""


class Machine:
    """A workstation with stand-ins for its programs; what was asked of them stands in `calls`."""

    def __init__(self, laptop: Home, tools: Path, served: Served) -> None:
        self.laptop, self.tools, self.served = laptop, tools, served
        self.ours = ""
        self.port = int(served.url.rsplit(":", 1)[1])
        tools.mkdir()
        self.has("uname", "echo Linux")
        self.has("id", "case $1 in -u) echo 1000 ;; *) echo dev ;; esac")
        self.has("systemctl", SYSTEMCTL)
        self.has("loginctl", 'echo "loginctl $*" >>calls; [ -e may_linger ]')
        self.has("sudo", 'shift; echo "sudo $*" >>calls; [ -e may_sudo ] && exec "$@"')
        self.has("journalctl", "true")

    def has(self, program: str, text: str) -> None:
        path = self.tools / program
        path.write_text(f"#!/bin/sh\n(cd '{self.tools}' || exit\n{text}\n)\n")
        path.chmod(0o755)

    def is_so(self, fact: str, value: str = "") -> None:
        (self.tools / fact).write_text(value)

    def has_haproxy(self, port: int = 0) -> None:
        self.has("haproxy", "[ ! -e bad_config ] || { echo bad line; exit 1; }")
        loopback = Loopback(port=port or self.port, upstreams=(), first_byte_s={})
        self.config.parent.mkdir(parents=True)
        self.config.write_text(haproxy_config(loopback))
        self.ours = f"astraeus-router {config_hash(loopback)}"

    @property
    def config(self) -> Path:
        return self.laptop.home / ".local/share/astraeus-provision/router/haproxy.cfg"

    @property
    def mark(self) -> Path:
        return self.config.parent / "lingers"

    @property
    def calls(self) -> list[str]:
        path = self.tools / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def asked(self, *words: str) -> list[str]:
        return [call for call in self.calls if any(word in call.split() for word in words)]

    def does(self, act: Act, sh: list[str] | None = None, programs: str = "/usr/bin:/bin") -> Lines:
        home = str(self.laptop.home)
        values = loopback_values(act, Proxy(installer="apt", root=True), system="Linux", home=home)
        values.update(PLACES="", DEADLINE_S="2")
        return self.laptop.run(sh or SH, "loopback", values, PATH=f"{self.tools}:{programs}")

    def answers(self, text: str) -> None:
        self.served.files["/-/router"] = text.encode()

    def answers_after(self, word: str) -> threading.Thread:
        """Let the port say what it should once that was called."""

        def soon() -> None:
            while not self.asked(word):
                time.sleep(0.02)
            self.answers(self.ours)

        thread = threading.Thread(target=soon, daemon=True)
        thread.start()
        return thread
