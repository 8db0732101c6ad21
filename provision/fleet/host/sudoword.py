"""How a sudo password travels to the programs that this one starts: never in argv, never in a file."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "ASTRAEUS_SUDO_"


def sudo_variable(machine: str) -> str:
    """The environment variable of a machine's password; its name is no secret."""
    return f"{PREFIX}{machine.encode().hex()}"


def sudo_environment(words: Mapping[str, str]) -> dict[str, str]:
    """The variables of these machines."""
    return {sudo_variable(machine): word for machine, word in words.items()}
