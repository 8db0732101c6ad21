"""Which NVIDIA driver a host gets, and why; or why none is installed there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from provision.catalogue import OllamaRelease
from provision.drivercards import NO_CARD, Card, Refusal, common_flavour, elsewhere, mixed, shown, sorted_out
from provision.drivertable import DriverTable, Flavour, Offer, System
from provision.facts import HostFacts
from provision.model import Frozen

_FLAVOUR = re.compile(r"\d[^-]*(?:-\d[^-]*)?-([a-z][\w.-]*)")
"""Of a kernel's name: 6.8.0-45-generic, 6.12.118+deb13-cloud-amd64."""


_MAKERS = {"system": "the distribution's", "nvidia": "NVIDIA's", "rpmfusion": "RPM Fusion's"}


class Decision(Frozen):
    """The driver for a host."""

    branch: int
    flavour: Flavour
    cards: tuple[str, ...]
    """Those that it drives, for a person."""
    system: System
    system_id: str
    release: str
    """Of the system, as the table has it."""
    offer: Offer
    arch: str
    """The offer's word for the processor."""
    packages: tuple[str, ...]
    replaces: tuple[str, ...]
    """Packages of another branch or origin, which go first."""
    removes_run_file: bool
    """Whether an installation by NVIDIA's .run goes first."""
    blacklists_nouveau: bool
    enrols_key: bool | None
    """Whether a person enrols a key at the console; None where Secure Boot could not be read."""
    reboot: tuple[str, ...]
    """Reasons for one; none: the module can be loaded at once."""
    why: tuple[str, ...]
    notes: tuple[str, ...]

    def filled(self, text: str) -> str:
        """The table's text with this host's words in place of its fields (but {kernel} and {flavour})."""
        words = {"branch": str(self.branch), "version": self.release, "arch": self.arch}
        return _filled(text, words)


def decide(facts: HostFacts, table: DriverTable, ollama: OllamaRelease) -> Decision | Refusal:
    """The driver for that host's cards, whatever is installed there now."""
    refusal = elsewhere(facts.driver)
    if refusal is not None:
        return refusal
    cards, left_out = sorted_out(facts.graphics.pci, table, ollama)
    if not cards:
        return left_out[0] if left_out else NO_CARD
    flavour = common_flavour(cards)
    if flavour is None:
        return mixed(cards)
    system = table.system(facts.os.id, facts.os.version)
    if system is None:
        return Refusal(
            kind="unknown system",
            reason=f"no NVIDIA driver is known here for {facts.os.pretty or facts.os.id or 'its system'}",
            remedy=f"install one by that system's own guide; known here: {table.known_systems}",
        )
    against = []
    for offer in system.offers:
        objection = _objection(offer, facts, flavour, cards, ollama)
        if objection is None:
            return _decision(facts, table, system, offer, flavour, cards, left_out)
        against.append(f"{_filled(offer.source, {'version': _release(system, facts)})}: {objection}")
    return Refusal(
        kind="no driver",
        reason=f"no driver known here for {facts.os.pretty or facts.os.id} suits {shown(cards)} "
        f"({'; '.join(dict.fromkeys(against))})",
        remedy=system.otherwise,
    )


def _objection(
    offer: Offer, facts: HostFacts, flavour: Flavour, cards: Iterable[Card], ollama: OllamaRelease
) -> str | None:
    """Why this offer does not suit; None where it does."""
    for card in cards:
        first, last = card.architecture.branches
        least = max(first or 0, ollama.oldest_driver_for(card.architecture.capability))
        if offer.branch < least:
            return f"{offer.branch} is too old, {card.shown} needs {least} here"
        if last is not None and offer.branch > last:
            return f"{offer.branch} is too new, {last} is the last that drives {card.shown}"
    if facts.arch not in offer.arches:
        return f"not for its processor ({facts.arch or 'unknown'})"
    if offer.newest_kernel is not None and _numbers(facts.kernel) > _numbers(offer.newest_kernel):
        return f"its module is made for kernels up to {offer.newest_kernel}, and {facts.kernel} runs"
    known = facts.driver.prebuilt
    if offer.modules == "prebuilt" and known is not None:
        wanted = _packages(offer, facts, flavour)[0]
        if wanted not in known:
            return f"no {wanted}"
    return None


def _decision(
    facts: HostFacts,
    table: DriverTable,
    system: System,
    offer: Offer,
    flavour: Flavour,
    cards: Iterable[Card],
    left_out: Iterable[Refusal],
) -> Decision:
    ground = facts.driver
    words = {"version": _release(system, facts)}
    replaces = tuple(
        package.name
        for package in ground.packages
        if package.branch is not None and (package.branch, package.origin) != (offer.branch, offer.origin)
    )
    nouveau = any(card.driver == "nouveau" for card in facts.graphics.pci)
    built_there = offer.owner_key is not None
    enrols = {"on": built_there, "unknown": None if built_there else False}.get(ground.secure_boot, False)
    reboot = (
        ("nouveau has the card now", nouveau),
        (f"driver {ground.loaded} is loaded now", ground.loaded is not None),
        ("the key is enrolled at the next start", enrols is True),
    )
    return Decision(
        branch=offer.branch,
        flavour=flavour,
        cards=tuple(dict.fromkeys(card.shown for card in cards)),
        system=system,
        system_id=facts.os.id,
        release=words["version"],
        offer=offer,
        arch=offer.arches[facts.arch],
        packages=_packages(offer, facts, flavour),
        replaces=replaces,
        removes_run_file=ground.run_file,
        blacklists_nouveau=nouveau,
        enrols_key=enrols,
        reboot=tuple(reason for reason, is_so in reboot if is_so),
        why=_why(table, offer, flavour, cards, words),
        notes=tuple(_notes(facts, system, offer, left_out, words)),
    )


def _why(
    table: DriverTable, offer: Offer, flavour: Flavour, cards: Iterable[Card], words: dict[str, str]
) -> tuple[str, ...]:
    edge, least = (f"0x{number:04x}" for number in (table.open_from, min(card.device_id for card in cards)))
    modules = (
        f"the open modules drive device ids from {edge} on, all of these"
        if flavour == "open"
        else f"the open modules drive device ids from {edge} on, and {least} is below"
    )
    return (
        f"{offer.branch} is {table.branches[offer.branch]}",
        modules,
        f"it comes from {_filled(offer.source, words)}: {offer.why}",
    )


def _notes(
    facts: HostFacts, system: System, offer: Offer, left_out: Iterable[Refusal], words: dict[str, str]
) -> Iterable[str]:
    ground = facts.driver
    for one in left_out:
        yield f"{one.reason}; the others go on"
    if ground.packages:
        there = ", ".join(f"{one.name} {one.version} ({_MAKERS[one.origin]})" for one in ground.packages)
        yield f"installed now: {there}"
    if ground.run_file:
        yield "a driver was installed by NVIDIA's .run, which no package manager knows; it goes first"
    if any(gpu.mig for gpu in facts.graphics.gpus):
        yield "MIG is on and stays as it is"
    if ground.nvswitches:
        yield "it has NVSwitches: it needs the fabric manager of exactly the driver's version, too"
    if offer.modules == "prebuilt" and ground.prebuilt is None:
        yield (
            "whether the archive has modules for the running kernel could not be seen; where apt knows none "
            "after `apt-get update`, run this again, and DKMS is chosen"
        )
    unread = [*system.unread.get(facts.os.id, ())]
    if offer.repository is not None and offer.repository.key_sha256 is None:
        unread.append(offer.repository.key)
    if unread:
        names = _filled(", ".join(unread), words)
        yield f"nobody here has read a checksum of {names}: TLS alone vouches for it"


def _release(system: System, facts: HostFacts) -> str:
    """The release as the table has it: RHEL 9.4 is 9."""
    version = facts.os.version
    return version if version in system.versions else version.partition(".")[0]


def _packages(offer: Offer, facts: HostFacts, flavour: Flavour) -> tuple[str, ...]:
    """Names for this host's kernels."""
    names: list[str] = []
    for name in offer.packages[flavour]:
        text = name.replace("{branch}", str(offer.branch)).replace("{kernel}", facts.kernel)
        kinds = _kernel_flavours(facts) if "{flavour}" in text else ("",)
        names += [text.replace("{flavour}", kind) for kind in kinds]
    return tuple(dict.fromkeys(names))


def _kernel_flavours(facts: HostFacts) -> tuple[str, ...]:
    """What the kernels' meta packages are called after `linux-image-`, of the running kernel's kind."""
    found = _FLAVOUR.fullmatch(facts.kernel)
    if found is None:
        return ()
    running = found.group(1)
    installed = (image.removeprefix("linux-image-") for image in facts.driver.kernel_images)
    # Ubuntu's `virtual` is its `generic` with fewer modules.
    named = (name.replace("virtual", "generic", 1) for name in installed)
    kinds = [name for name in named if name == running or name.startswith(f"{running}-")]
    return tuple(sorted(set(kinds))) or (running,)


def _numbers(version: str) -> tuple[int, ...]:
    """The first two numbers of a kernel's version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _filled(text: str, words: dict[str, str]) -> str:
    for field, word in words.items():
        text = text.replace(f"{{{field}}}", word)
    return text
