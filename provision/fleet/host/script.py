"""The script that looks at a host, put together from look.sh, cards.sh and what this run asks."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from provision.model import Frozen

_HERE = Path(__file__).parent


class LiveQuery(Frozen):
    """What to compare live, for hosts that may already be as expected; needs root without a password."""

    files: tuple[str, ...] = ()
    """Mode, owner, size and sha256 of each."""
    links: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    nft_table: bool = False
    models: tuple[str, ...] = ()
    """Their parameters."""
    ledger: str | None = None
    """Path of the file that remembers which models we made."""
    texts: tuple[str, ...] = ()
    """Small files that are read whole: the models' manifests."""
    folders: tuple[str, ...] = ()
    """Whose files' sizes are listed: the models' blobs."""


class HostQuery(Frozen):
    """What is asked of a host."""

    port: int
    version: str
    """The pinned server; its archive's size is asked for only where another or none answers."""
    disks: tuple[str, ...] = ()
    """Paths under which room is needed."""
    models_dir: str = ""
    """Where models lie unless the host's own unit says otherwise; paths in it are looked up where they do."""
    command: str = ""
    """Where our command stands, a link into our releases."""
    releases: str = ""
    names: tuple[str, ...] = ()
    """Names that the host must be able to resolve."""
    archives: Mapping[str, str] = {}
    """`uname -m` to URL."""
    manifests: Mapping[str, str] = {}
    """Model to its base's manifest's URL; asked for only where the model is not there."""
    live: LiveQuery | None = None


def _pairs(values: Mapping[str, str]) -> str:
    return " ".join(f"{key}>{value}" for key, value in values.items())


def _call(function: str, arguments: Sequence[str], models_dir: str = "") -> str:
    words = [
        f'"$MODELS"{shlex.quote(rest) if rest else ""}'
        if models_dir and (rest := word.removeprefix(models_dir)) != word and rest[:1] in {"", "/"}
        else shlex.quote(word)
        for word in arguments
    ]
    return f"    {' '.join([function, *words])}\n" if words else ""


def _live(query: LiveQuery, models_dir: str) -> str:
    body = _call("live_files", query.files, models_dir) + _call("live_links", query.links)
    body += _call("live_units", query.units) + _call("live_texts", query.texts, models_dir)
    body += _call("live_sizes", query.folders, models_dir)
    body += "    live_nft\n" if query.nft_table else ""
    body += _call("live_models", query.models)
    body += _call("live_ledger", [query.ledger]) if query.ledger else ""
    return f'live() {{\n    [ "$(id -u)" = 0 ] || return 0\n    say live yes\n{body}}}\n'


def look_script(query: HostQuery) -> str:
    """The POSIX sh text that looks."""
    settings = {
        "PORT": str(query.port),
        "DISKS": " ".join(query.disks),
        "MODELS": query.models_dir,
        "COMMAND": query.command,
        "RELEASES": query.releases,
        "NAMES": " ".join(query.names),
        "VERSION": query.version,
        "ARCHIVES": _pairs(query.archives),
        "MANIFESTS": _pairs(query.manifests),
    }
    text = (_HERE / "look.sh").read_text(encoding="utf-8")
    text = text.replace("#CARDS\n", (_HERE / "cards.sh").read_text(encoding="utf-8"))
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    return head + text.replace("#LIVE\n", _live(query.live, query.models_dir) if query.live else "")


def _encoded(script: str) -> str:
    return f"echo {base64.b64encode(script.encode()).decode()} | base64 -d"


def command(query: HostQuery) -> str:
    """One shell command: base64 only, so that no login shell (fish, csh) can misread a quote.

    The look reaches a root shell by its stdin, so sudo's log line stays short; before it, for sudo, goes the
    password that the visitor's own stdin may bring.
    """
    enter = (_HERE / "enter.sh").read_text(encoding="utf-8")
    feed = f'{{ [ -z "$word" ] || printf \'%s\\n\' "$word"; {_encoded(look_script(query))}; }} | become\n'
    return f"sh -c 'exec 3<&0; {_encoded(enter + feed)} | sh'"
