"""The forms of a site's words: names, paths, URLs, networks, and what each pattern means. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt

from provision.catalogue import load_catalogue
from provision.cidr import Network, admittable
from provision.fleet.workstation.platforms import PLATFORMS
from router.clouds import CLOUDS
from router.profile import shipped

SHA256 = r"^[0-9a-f]{64}$"
INTEGRITY = r"^sha512-[A-Za-z0-9+/]{86}==$"
NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._:-]*[A-Za-z0-9])?")
# Site files are shared, and their text reaches ssh options and Ansible's templates: no free string may be
# read as code there, or carry a password into the run's folder.
USER = r"^[A-Za-z0-9_][A-Za-z0-9_.@-]*$"
HOP = r"([A-Za-z0-9_][A-Za-z0-9_.@-]*@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{1,5})?"
# What steers a terminal: control characters and marks that turn the direction of the text after them.
_STEERS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
PATH = rf"^[^{_STEERS}{{}}%-][^{_STEERS}{{}}%]*$"
URL = rf"^https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*)(:[0-9]{{1,5}})?(/[^\s{_STEERS}{{}}@]*)?$"
MIRROR = URL.replace("(/[^", "(/[^/")
KEEP_ALIVE = r"^(-1|[0-9]+(s|m|h)?)$"
LOCAL = "localhost"
HERE = "this-machine"
"""The host of the local pattern: the machine that runs the command."""
LOOPBACK = "127.0.0.1"
MAX_PORT = 65535
MAX_NAME = 240
"""A run keeps files of a machine's name, with an ending; DNS itself would allow 253 characters."""
MAX_LABEL = 63
"""Of DNS: what stands between two dots."""

NO_PROFILE = "none"
"""Provider entries and nothing of agents."""
DEFAULT_PROFILE = "hybrid-cloud-ollama"
PROFILE = rf"^([a-z0-9]+(-[a-z0-9]+)*|[^{_STEERS}{{}}%-][^{_STEERS}{{}}%]*\.ya?ml)$"

FORMS = {
    SHA256: "a sha256: 64 characters of 0-9 and a-f",
    INTEGRITY: "an npm integrity: sha512- and 88 characters of base64",
    USER: "a login name",
    f"^{HOP}(,{HOP})*$": "hops such as ops@bastion:22",
    PATH: "a path",
    URL: "an http or https URL, without user and password",
    PROFILE: "the name of a shipped profile, a path that ends in .yaml, or `none`",
    KEEP_ALIVE: "a time such as 30m, or -1",
    MIRROR: "the http or https URL of a mirror with one namespace at most, without user and password",
    f"{URL}|{PATH}": "an http or https URL without user and password, or a path",
}
"""What each pattern means, for messages."""


def _machine_name(value: str) -> str:
    if len(value) > MAX_NAME:
        raise ValueError(f"{value[:20]!r}… has {len(value)} characters; a name has {MAX_NAME} at most")
    if any(not 0 < len(label) <= MAX_LABEL for label in value.split(".")):
        raise ValueError(f"{value!r} is not a name: between its dots stand 1 to {MAX_LABEL} characters")
    user, at, name = value.rpartition("@")
    if at and NAME.fullmatch(name) and re.fullmatch(USER, user):
        raise ValueError(f"{value!r} has a user in it; write it as {{name: {name}, ssh: {{user: {user}}}}}")
    if not NAME.fullmatch(value) or (":" in value and not _is_ipv6(value)):
        raise ValueError(
            f"{value!r} is not a host name, an address or an alias of ~/.ssh/config (a port stands in `ssh:`)"
        )
    return value


def host_name(value: str) -> str:
    """A host is reached by others; ValueError where this name leads each of them to itself."""
    if value.lower() == LOCAL:
        raise ValueError(
            f"{value!r} cannot serve others: give the machine the name or address by which they reach it "
            "(`astraeus-provision local` serves this machine alone)"
        )
    return value


def _is_ipv6(value: str) -> bool:
    try:
        return ip_address(value).version == 6  # noqa: PLR2004 - the IP version
    except ValueError:
        return False


def _known_model(value: str) -> str:
    known = load_catalogue().model_names
    full = value if value in known else f"{value}:latest"
    if full not in known:
        raise ValueError(f"unknown model {value!r}; the catalogue has {', '.join(known)}")
    return full


def _platform(value: str) -> str:
    if value not in PLATFORMS:
        raise ValueError(f"unknown platform {value!r}; OpenCode has {', '.join(PLATFORMS)}")
    return value


def _cloud(value: str) -> str:
    known = tuple(CLOUDS.providers)
    if value not in known:
        raise ValueError(f"unknown provider {value!r}; {_meant(value, known)}known are {', '.join(known)}")
    return value


def _profile(value: str) -> str:
    known = (*shipped(), NO_PROFILE)
    if value not in known and not value.endswith((".yaml", ".yml")):
        raise ValueError(
            f"unknown profile {value!r}; {_meant(value, known)}known are {', '.join(known)}, "
            "and any file that ends in .yaml"
        )
    return value


def _meant(value: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(value.lower(), known, n=1)
    return f"did you mean {near[0]!r}? " if near else ""


def _package(value: str) -> str:
    known = tuple(load_catalogue().plugin.packages)
    if value not in known:
        raise ValueError(f"unknown package {value!r}; the plugin has {', '.join(known)}")
    return value


def _base_tag(value: str) -> str:
    known = tuple(model.base for model in load_catalogue().models)
    if value not in known:
        raise ValueError(f"unknown base tag {value!r}; the catalogue has {', '.join(known)}")
    return value


def leads_somewhere(value: str) -> str:
    """A URL's address and port must be some (ValueError); a path is none of its business."""
    if not value.startswith(("http://", "https://")):
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
        if "[" in parts.netloc:
            ip_address(parts.hostname or "")
    except ValueError as error:
        raise ValueError(f"{value!r} is not a URL: {error}") from None
    if port == 0:
        raise ValueError(f"{value!r} is not a URL: no server has port 0")
    return value


def hops(value: str) -> str:
    """Each hop's port must exist (ValueError)."""
    for hop in value.split(","):
        port = re.search(r":([0-9]+)$", hop)
        if port and not 1 <= int(port[1]) <= MAX_PORT:
            raise ValueError(f"{hop!r} has a port that does not exist")
    return value


def _some(value: tuple[Network, ...]) -> tuple[Network, ...]:
    if not value:
        raise ValueError("an empty list admits nobody; name a network, or leave the key out")
    return value


def _not_ollamas(port: int) -> int:
    if port == load_catalogue().ollama.port:
        raise ValueError(f"{port} is Ollama's own, and one on that machine would have it; take another port")
    return port


Sha256 = Annotated[str, Field(pattern=SHA256)]
MachineName = Annotated[str, AfterValidator(_machine_name)]
Platform = Annotated[str, AfterValidator(_platform)]
CloudName = Annotated[str, AfterValidator(_cloud)]
Package = Annotated[str, AfterValidator(_package)]
BaseTag = Annotated[str, AfterValidator(_base_tag)]
ModelName = Annotated[str, AfterValidator(_known_model)]
Admitted = Annotated[tuple[Annotated[Network, BeforeValidator(admittable)], ...], AfterValidator(_some)]
Port = Annotated[StrictInt, Field(ge=1, le=MAX_PORT)]
RouterPort = Annotated[StrictInt, Field(ge=1024, le=MAX_PORT), AfterValidator(_not_ollamas)]
"""One that a user's own service may have."""
Url = Annotated[str, Field(pattern=URL), AfterValidator(leads_somewhere)]
ProfileName = Annotated[str, Field(pattern=PROFILE), AfterValidator(_profile)]
"""A shipped profile, a file of one's own (relative: to the site file), or `none`."""
