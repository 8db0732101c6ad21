"""What a look tells of HAProxy on a workstation, and how it would come there. Imports no other shape."""

from __future__ import annotations

from typing import Literal

from provision.model import Frozen

Installer = Literal["apt", "dnf", "zypper", "pacman", "apk", "brew"]


USUAL = "/usr/sbin/haproxy"
"""Where distributions put it."""


class Proxy(Frozen):
    """HAProxy and what is needed to install and to run it."""

    path: str | None = None
    version: str | None = None
    """As in 2.6.12."""
    installer: Installer | None = None
    """The distribution's own, or Homebrew."""
    root: bool = False
    """Whether the user may install: as root, by a sudo without a password, or with Homebrew."""
    would_be: str = USUAL
    """Where that would put it."""
    manager: bool = True
    """Whether services of the user's own can be run: systemd's user manager, or launchd."""
    port: str = ""
    """What answers on the router's port: an HTTP status and a line, or why nothing did."""


class ProxyPlan(Frozen):
    """How HAProxy would come there."""

    how: Literal["present", "install", "impossible"]
    said: str = ""
    """Why, where it is impossible: OpenCode then talks to the hosts directly."""
    installer: Installer | None = None
    haproxy: str = ""
    """The program's path, once it is there."""
    foreign: str = ""
    """What has the router's port instead of it."""
    runs: bool = False
    """Whether the router runs with the settings that are ordered."""
