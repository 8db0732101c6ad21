"""The questions to one workstation, one small function each. Pure.

What is wrong with one workstation spoils nothing for the others: it is left as it is, and named.
"""

from __future__ import annotations

from provision.findings import Finding, Findings
from provision.fleet.workstation.shapes import Look

SYSTEMS = frozenset({"Linux", "Darwin"})


def _skips(name: str, problem: str, remedy: str) -> Finding:
    return Finding(machine=name, problem=problem, remedy=remedy, severity="skips")


def look_failed(name: str, look: Look) -> Findings:
    """Nothing is concluded from a look that broke off."""
    if look.problem:
        yield _skips(name, look.problem, f"see what `ssh {name}` shows on login")


def operating_system(name: str, look: Look) -> Findings:
    """Linux or macOS."""
    if not look.problem and look.os not in SYSTEMS:
        yield _skips(
            name,
            f"its operating system is {look.os_name or look.os or 'unknown'}",
            "only Linux and macOS workstations are supported; take it out of the site",
        )


def config_file(name: str, look: Look) -> Findings:
    """Its file must be one that can be edited without breaking it."""
    config = look.config
    if look.refused:
        yield _skips(name, look.refused, look.remedy)
    elif config is None:
        return
    elif config.broken:
        yield _skips(
            name,
            f"{config.path} does not parse: {config.broken}",
            "correct it there; it is left as it is until then",
        )
    elif config.kind == "symlink":
        yield _skips(
            name,
            f"{config.path} is a symlink",
            "put the file itself there, for a link is never followed",
        )
    elif config.kind in {"other", "unreadable"}:
        yield _skips(
            name,
            f"{config.path} is {'no plain file' if config.kind == 'other' else 'not readable'}",
            "make it a file of that user's",
        )


def overruled(name: str, look: Look) -> Findings:
    """A configuration that OpenCode prefers to ours."""
    if look.opencode_config:
        yield Finding(
            machine=name,
            problem=f"OPENCODE_CONFIG={look.opencode_config} is set there and overrules what we write",
            remedy="unset it in the user's shell profile",
            severity="warns",
        )


def opencode(name: str, look: Look) -> Findings:
    """An OpenCode that runs, or a way to get one; the user's own may have another version."""
    if look.equip is not None and look.equip.how in {"declined", "impossible"}:
        yield _skips(
            name,
            f"it has no OpenCode: {look.equip.said}",
            "install OpenCode there, or let the site do it (`opencode: {install: true}` and a source)",
        )
    elif look.equip is not None and look.equip.how == "present" and look.equip.said:
        yield Finding(
            machine=name,
            problem=look.equip.said,
            remedy="see there what follows from it: `astraeus-provision smoke local`",
            severity="warns",
        )


def plugin(name: str, look: Look) -> Findings:
    """The plugin, or a way to get it; and nothing of an older form that it would move away."""
    if look.plugin_equip is not None and look.plugin_equip.how == "impossible":
        yield _skips(name, f"the plugin cannot come there: {look.plugin_equip.said}", "then run again")
    for path in look.legacy if look.plugin_equip is not None else ():
        yield _skips(
            name,
            f"{path} is there, and the plugin would move it away and read its own new form alone",
            "move it away yourself (its settings go into ~/.omo/omo.jsonc), or say `router: {plugin: false}`",
        )


def router_port(name: str, look: Look) -> Findings:
    """The loopback router's port is free, or has ours."""
    if look.loopback is not None and look.loopback.foreign:
        yield _skips(
            name,
            f"{look.loopback.foreign}, which the loopback router needs",
            "end it, or say `router: {port: …}` with a free one (`router: {loopback: false}` does without)",
        )


def cloud_keys(name: str, look: Look) -> Findings:
    """Agents of the clouds need keys; they are the user's, and only their absence is told."""
    for cloud, variables in look.lacking.items():
        yield Finding(
            machine=name,
            problem=f"no key for {cloud} was found there: agents that use it cannot answer",
            remedy=f"set {' or '.join(variables)} in the user's shell, or log in: opencode auth login",
            severity="warns",
        )


def names(name: str, look: Look) -> Findings:
    """The endpoints' names must mean something there; a loopback router waits for one among several."""
    routed = look.loopback is not None and look.loopback.how != "impossible"
    waits = routed and any(look.names.values())
    for wanted, address in look.names.items():
        if address is None:
            problem = f"it cannot resolve {wanted}, the address of an endpoint"
            remedy = "add it to its DNS or /etc/hosts, or set `advertise:` of that host to its address"
            if waits:
                yield Finding(machine=name, problem=problem, remedy=remedy, severity="warns")
            else:
                yield _skips(name, problem, remedy)


WORKSTATION_QUESTIONS = (
    look_failed,
    operating_system,
    config_file,
    overruled,
    opencode,
    plugin,
    router_port,
    cloud_keys,
    names,
)
