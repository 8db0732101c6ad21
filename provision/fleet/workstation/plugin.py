"""Decides how the plugin comes onto a workstation, and reads how that went. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from provision.fleet.workstation.equip import sha512_hex
from provision.fleet.workstation.places import PLUGIN_HOME
from provision.fleet.workstation.reading import Lines, clean
from provision.fleet.workstation.shapes import EquipPlan, Look, Plugin

ROOM_MIB = 200
"""The packages, packed and unpacked."""


def plan_plugin(look: Look, plugin: Plugin) -> EquipPlan:
    """Return how the plugin would come there."""
    if plugin.version in look.plugins:
        return EquipPlan(how="present")
    if look.free_disk_mib is not None and look.free_disk_mib < ROOM_MIB:
        free = f"{look.free_disk_mib} MiB free under {look.home}"
        return EquipPlan(how="impossible", said=f"{free}, and the plugin needs {ROOM_MIB}: free some")
    if all(package.url is not None for package in plugin.packages.values()):
        return EquipPlan(how="package")
    if look.npm is not None:
        return EquipPlan(how="npm")
    missing = ", ".join(name for name, package in plugin.packages.items() if package.url is None)
    return EquipPlan(
        how="impossible",
        said=f"no npm there, and the site names no URL for {missing} (`router: {{packages: …}}`): "
        "give it, install Node there, or say `router: {plugin: false}`",
    )


def plugin_values(plugin: Plugin, registry: str | None, deadline_s: int) -> dict[str, str]:
    """Return the settings of plugin.sh; ValueError when an integrity hash is none."""
    lines = (
        f"{name} {package.version} {sha512_hex(package.integrity)} {package.url or '-'}"
        for name, package in plugin.packages.items()
    )
    return {
        "VERSION": plugin.version,
        "PACKAGES": "\n".join(lines),
        "REGISTRY": registry or "",
        "ROOM_MIB": str(ROOM_MIB),
        "DEADLINE_S": str(deadline_s),
    }


FAULTS: Mapping[str, tuple[str, str]] = {
    "room": ("too little room for the plugin in the home folder", "free 200 MB there and run again"),
    "write": ("the plugin's folder in the home cannot be written", "look at its owner and at the disk"),
    "late": ("the download of the plugin did not finish in time", "run again on a better line"),
    "npm": (
        "npm could not fetch the plugin",
        "see what npm said; the site file can name another registry, or the packages' URLs (router.packages)",
    ),
    "download": ("the plugin could not be fetched", "look at router.packages in the site file, from there"),
    "integrity": ("the plugin is not the pinned one", "somebody changed it on its way: look at its source"),
    "unpack": ("the plugin cannot be unpacked", "look at its source"),
}


def plugin_fault(lines: Lines) -> tuple[str, str, str] | None:
    """Return (problem, remedy, evidence) where plugin.sh failed."""
    for key, value in lines:
        if key == "failed":
            code, _, said = clean(value).partition(" ")
            problem, remedy = FAULTS.get(code, ("the plugin could not be installed", "see what it said"))
            return problem, f"{remedy} (~/{PLUGIN_HOME})", said.replace("|", "\n").strip()
    return None
