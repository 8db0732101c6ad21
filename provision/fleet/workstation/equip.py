"""Decides how OpenCode comes onto a workstation that has none, and reads how that went. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from provision.fleet.workstation.platforms import PLATFORMS
from provision.fleet.workstation.reading import Lines, clean, numbers
from provision.fleet.workstation.shapes import Equip, EquipPlan, Look, OpenCode

ROOM_MIB = 900
"""Two packages of npm's, unpacked beside the place."""
_ARCHES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def platforms(look: Look) -> tuple[str, ...]:
    """Name the platforms (`linux-x64`) whose OpenCode package can run there, the best first."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(look.os)
    arch = _ARCHES.get(look.arch)
    if system is None or arch is None:
        return ()
    base = f"{system}-{arch}"
    kinds = [""] if arch == "arm64" else ["", "-baseline"] if look.avx2 else ["-baseline"]
    musl = "-musl" if look.libc == "musl" else ""
    return tuple(name for kind in kinds if (name := f"{base}{kind}{musl}") in PLATFORMS)


def plan_equip(look: Look, equip: Equip) -> EquipPlan:
    """Return how OpenCode would come there; a version that the user installed is never touched."""
    there = look.opencode
    if there is not None and not (there.ours and equip.install and there.version != equip.version):
        return _present(there, equip)
    if not equip.install:
        return EquipPlan(how="declined", said="no OpenCode there, and the site says not to install it")
    obstacle = _obstacle(look)
    if obstacle:
        return EquipPlan(how="impossible", said=obstacle)
    if look.npm is not None:
        return EquipPlan(how="npm")
    names = platforms(look)
    if any(name in equip.packages for name in names):
        return EquipPlan(how="package")
    return EquipPlan(
        how="impossible",
        said=f"no npm there, and the site names no OpenCode package for {names[0]}: install Node, "
        "or give the package's URL and integrity in the site file",
    )


def _present(there: OpenCode, equip: Equip) -> EquipPlan:
    if there.version is None:
        return EquipPlan(
            how="impossible", said=f"{there.path} is there and cannot be run: mend or remove it and run again"
        )
    has, pin = (numbers(version) for version in (there.version, equip.version))
    if has == pin:
        return EquipPlan(how="present")
    side = "older" if has < pin else "newer"
    said = f"{there.path} is OpenCode {there.version}, {side} than {equip.version}"
    return EquipPlan(how="present", said=f"{said}, which all this was tried with")


def _obstacle(look: Look) -> str:
    if not platforms(look):
        return f"OpenCode is not made for {look.os} {look.arch}"
    if look.link_in_the_way:
        return f"{look.home}/.local/bin/opencode is there and cannot be run: remove it and run again"
    if look.free_disk_mib is not None and look.free_disk_mib < ROOM_MIB:
        free = f"{look.free_disk_mib} MiB free under {look.home}"
        return f"{free}, and OpenCode needs {ROOM_MIB}: free some and run again"
    return ""


def equip_values(look: Look, equip: Equip, how: str) -> dict[str, str]:
    """Return the settings of equip.sh; ValueError when the integrity hash is none."""
    names = platforms(look)
    name = next((one for one in names if one in equip.packages), "")
    package = equip.packages.get(name) if how == "package" else None
    return {
        "HOW": how,
        "VERSION": equip.version,
        "NPM_PACKAGE": equip.package,
        "PACKAGES": " ".join(f"opencode-{one}" for one in (names if package is None else (name,))),
        "REGISTRY": equip.registry or "",
        "URL": package.url if package is not None else "",
        "SHA512": sha512_hex(package.integrity) if package is not None else "",
        "ROOM_MIB": str(ROOM_MIB),
        "DEADLINE_S": str(equip.deadline_s),
    }


def sha512_hex(integrity: str) -> str:
    """Turn npm's `sha512-<base64>` into hex."""
    kind, _, packed = integrity.partition("-")
    try:
        digest = base64.b64decode(packed, validate=True)
    except binascii.Error:
        digest = b""
    if kind != "sha512" or len(digest) != 64:  # noqa: PLR2004 - the length of SHA-512
        raise ValueError(f"{integrity!r} is no sha512 integrity hash")
    return digest.hex()


FAULTS: Mapping[str, tuple[str, str]] = {
    "foreign": ("~/.local/bin/opencode is not ours", "remove it, or put it in order, and run again"),
    "room": ("too little room for OpenCode in the home folder", "free a gigabyte there and run again"),
    "write": ("OpenCode's folder in the home cannot be written", "look at its owner and at the disk"),
    "late": ("the download of OpenCode did not finish in time", "run again on a better line"),
    "npm": (
        "npm could not install OpenCode",
        "see what npm said; the site file can name another registry (opencode.npm_registry)",
    ),
    "download": ("OpenCode's package could not be fetched", "look at the URL in the site file, from there"),
    "integrity": ("OpenCode's package is not the pinned one", "correct its integrity hash or its URL"),
    "unpack": ("OpenCode's package cannot be unpacked", "look at the URL in the site file"),
    "run": ("the installed OpenCode does not run there", "see what it said; another package may fit"),
}


def fault(lines: Lines) -> tuple[str, str, str] | None:
    """Return (problem, remedy, evidence) where equip.sh failed."""
    for key, value in lines:
        if key == "failed":
            code, _, said = clean(value).partition(" ")
            problem, remedy = FAULTS.get(code, ("OpenCode could not be installed", "see what it said"))
            return problem, remedy, said.replace("|", "\n").strip()
    return None
