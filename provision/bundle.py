"""What a machine needs to become a workstation by itself: the site without logins, and what was proven of it.

A file of two parts: a line that names its form and the sha256 of all behind it, and JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from provision import __version__
from provision.errors import SiteError
from provision.foreign import printable
from provision.forms import LOCAL
from provision.model import Frozen
from provision.site import Host, Site, Ssh, Workstation

HEAD = "# astraeus-provision workstation bundle, form 1, sha256 "
MAX_BYTES = 1_000_000
OWN_PROFILE = "/bundle/profile-{}.yaml"
"""Stands in a bundle's site for a profile of the team's own; its text is in the bundle."""


class Bundle(Frozen):
    """All of it; no secret, no login."""

    version: str
    """Of the program that made it: pins of programs and models are that version's."""
    site: Site
    profiles: Mapping[str, str] = {}
    """Text of the team's own profiles, by the name that the site has for them."""
    digests: Mapping[str, Mapping[str, str]] = {}
    """Of each host, model to the sha256 (hex) that it served when the bundle was made."""


def bundled(site: Site, digests: Mapping[str, Mapping[str, str]]) -> Bundle:
    """Return the bundle of a site; SiteError where a profile of the team's own cannot be read."""
    texts: dict[str, str] = {}
    names: dict[str, str] = {}

    def carried(profile: str) -> str:
        if not profile.endswith((".yaml", ".yml")):
            return profile
        if profile not in names:
            names[profile] = OWN_PROFILE.format(len(names) + 1)
            texts[names[profile]] = _text(Path(profile))
        return names[profile]

    router = site.router.model_copy(update={"profile": carried(site.router.profile)})
    # The others are there by number alone: they share the hosts with whoever joins.
    others = [Workstation(name=f"workstation-{number}") for number, _ in enumerate(site.consumers, 1)]
    bare = Site(
        hosts=tuple(_without_login(host) for host in site.hosts),
        workstations=(Workstation(name=LOCAL), *others),
        models=site.models,
        serving=site.serving,
        opencode=site.opencode,
        router=router,
        client_env=site.client_env,
    )
    return Bundle(version=__version__, site=bare, profiles=texts, digests=digests)


def packed(bundle: Bundle) -> tuple[str, str]:
    """Return the file's text and its checksum."""
    data = bundle.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    body = json.dumps(data, indent=1, sort_keys=True) + "\n"
    checksum = hashlib.sha256(body.encode()).hexdigest()
    return f"{HEAD}{checksum}\n{body}", checksum


def unpacked(path: Path) -> tuple[Bundle, str]:
    """Return a file's bundle and its checksum; SiteError where it is none, altered, or another version's."""
    shown = printable(str(path))
    head, _, body = _text(path).partition("\n")
    if not head.startswith(HEAD):
        raise SiteError(
            f"{shown}:1: it is no bundle of workstations",
            remedy="let whoever runs the site make one: astraeus-provision site export --out FILE",
        )
    checksum = hashlib.sha256(body.encode()).hexdigest()
    if head.removeprefix(HEAD).strip() != checksum:
        raise SiteError(
            f"{shown}: it was altered since it was made, or did not come whole",
            remedy="get it again from whoever made it, and compare its checksum with hers",
        )
    try:
        data: Any = json.loads(body)
        made_by = data["version"]
        if made_by != __version__:
            raise SiteError(
                f"{shown}: astraeus-provision {printable(str(made_by))} made it, this is {__version__}",
                remedy="use the same version at both ends",
            )
        return Bundle.model_validate(data), checksum
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise SiteError(f"{shown}: it cannot be read: {printable(str(error).splitlines()[0])}") from None


def with_profiles(bundle: Bundle, folder: Path) -> Site:
    """Return the site with the team's own profiles as files in a folder; each is written there."""
    site = bundle.site
    places = {}
    for number, (name, text) in enumerate(bundle.profiles.items(), 1):
        path = folder / f"profile-{number}.yaml"
        path.write_text(text, encoding="utf-8")
        places[name] = str(path)
    profile = places.get(site.router.profile, site.router.profile)
    return site.model_copy(update={"router": site.router.model_copy(update={"profile": profile})})


def _without_login(host: Host) -> Host:
    return host.model_copy(
        update={"ssh": Ssh(), "admit": None, "existing_ollama": "refuse", "advertise": host.address}
    )


def _text(path: Path) -> str:
    shown = printable(str(path))
    try:
        if path.stat().st_size > MAX_BYTES or not path.is_file():
            raise SiteError(f"{shown}: is no plain file, or larger than {MAX_BYTES} bytes")
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SiteError(f"{shown}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SiteError(f"{shown}: is no text file") from None
