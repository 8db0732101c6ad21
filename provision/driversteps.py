"""The commands of a driver's decision, for a person who is root there. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from provision.drivers import Decision
from provision.drivertable import Repository

PREFERENCES = "/etc/apt/preferences.d/astraeus-nvidia"
SOURCES = "/etc/apt/sources.list /etc/apt/sources.list.d/debian.sources"
BLACKLIST = "/etc/modprobe.d/astraeus-nouveau.conf"


def steps(decision: Decision) -> tuple[str, ...]:
    """Every command in its order, one line each; the first that fails ends it."""
    return (
        *_removal(decision),
        *_sources(decision),
        *_pins(decision),
        *_installation(decision),
        *_nouveau(decision),
        *_start(decision),
    )


def _removal(decision: Decision) -> Iterator[str]:
    if decision.removes_run_file:
        yield "nvidia-uninstall --silent"
    if decision.replaces:
        verb = "apt-get purge -y" if decision.system.manager == "apt" else "dnf remove -y"
        yield f"{verb} {_words(decision.replaces)}"


def _sources(decision: Decision) -> Iterator[str]:
    offer = decision.offer
    for command in decision.system.prepare.get(decision.system_id, ()):
        yield decision.filled(command)
    if offer.components:
        # Into the host's own entries, whichever mirror they name.
        more = " ".join(offer.components)
        yield (
            f"sed -i -e '/^Components:/ s/$/ {more}/' -e '/^deb / s/$/ {more}/' $(ls {SOURCES} 2>/dev/null)"
        )
    if offer.repository is not None:
        yield from _repository(decision, offer.repository)
    if decision.system.manager == "apt":
        yield "apt-get update"


def _repository(decision: Decision, repository: Repository) -> Iterator[str]:
    url, key = decision.filled(repository.url), decision.filled(repository.key)
    if decision.system.manager == "apt":
        yield "apt-get update && apt-get install -y ca-certificates curl"
        yield f"curl -fsSLo /root/{key} {url}/{key}"
        if repository.key_sha256 is not None:
            yield f"echo '{repository.key_sha256}  /root/{key}' | sha256sum -c"
        yield f"dpkg -i /root/{key}"
    else:
        yield f"dnf config-manager --add-repo {url}/{key}"


def _pins(decision: Decision) -> Iterator[str]:
    offer = decision.offer
    if offer.pins:
        yield _written(
            PREFERENCES,
            f"Package: {' '.join(offer.pins)}",
            f"Pin: version {offer.branch}.*",
            "Pin-Priority: 1001",
        )
    if decision.flavour in offer.keep:
        yield decision.filled(offer.keep[decision.flavour])


def _installation(decision: Decision) -> Iterator[str]:
    verb = "apt-get install -y" if decision.system.manager == "apt" else "dnf install -y"
    yield f"{verb} {_words(decision.packages)}"
    yield from decision.offer.build
    yield 'modinfo -k "$(uname -r)" -F version nvidia'


def _nouveau(decision: Decision) -> Iterator[str]:
    if decision.blacklists_nouveau:
        yield _written(BLACKLIST, "blacklist nouveau", "options nouveau modeset=0")
        yield "update-initramfs -u" if decision.system.manager == "apt" else "dracut -f"


def _start(decision: Decision) -> Iterator[str]:
    if decision.enrols_key:
        yield f"mokutil --import {decision.offer.owner_key}"
    yield "reboot" if decision.reboot else "modprobe nvidia_uvm && nvidia-smi"


def _written(path: str, *lines: str) -> str:
    """A command on one line that writes a file."""
    return f"printf '%s\\n' {' '.join(shlex.quote(line) for line in lines)} > {path}"


def _words(names: Iterable[str]) -> str:
    return " ".join(shlex.quote(name) for name in names)


def advice(decision: Decision, machine: str) -> str:
    """The decision, why, and the commands, as a remedy's lines."""
    modules = {
        "prebuilt": "built and signed by the distribution",
        "dkms": "built there by DKMS",
        "akmod": "built there by akmods",
    }[decision.offer.modules]
    driver = (
        f"install NVIDIA driver {decision.branch} with the {decision.flavour} modules, {modules}, "
        f"for {' and '.join(decision.cards)}"
    )
    lines = [
        driver,
        *(f"   because {reason}" for reason in decision.why),
        *(f"   note: {note}" for note in decision.notes),
        f"   Secure Boot: {_secure_boot(decision)}",
        f"   reboot: {'needed, for ' + ', and '.join(decision.reboot) if decision.reboot else 'not needed'}",
        f"   as root on {machine}, line by line; stop at the first that fails:",
        *(f"     {command}" for command in steps(decision)),
    ]
    if decision.offer.modules != "prebuilt":
        lines.append(
            "   the running kernel's headers are gone from the archive? Upgrade it, reboot, run this again"
        )
    return "\n".join(lines)


def _secure_boot(decision: Decision) -> str:
    key = decision.offer.owner_key
    if decision.enrols_key:
        return (
            f"on, so the machine must know the key that signs these modules ({key}): `mokutil --import` asks "
            "for a password of one use, which somebody at the console types at the next start (Enroll MOK)"
        )
    if decision.enrols_key is None:
        return (
            "could not be read; if `mokutil --sb-state` says that it is enabled, say "
            f"`mokutil --import {key}` before a reboot and choose Enroll MOK at the console"
        )
    return "takes these modules as they are" if key is None else "off, nothing to enrol"
