"""Cards by their name, for those that are not at hand: typed view of cards.yaml."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from provision.errors import SiteError
from provision.foreign import printable
from provision.model import Frozen

CARDS_PATH = Path(__file__).with_name("cards.yaml")
SIZE = re.compile(r"([0-9]{1,7}(?:\.[0-9]+)?) ?(GiB|MiB)", re.IGNORECASE)
_NOISE = re.compile(r"\b(nvidia|geforce|rtx|tesla|quadro|generation|pcie|sxm[0-9]?|hbm[0-9]e?)\b")
NEAR = 4


class Card(Frozen):
    """One graphics card."""

    name: str
    memory_mib: int


@cache
def known_cards() -> Mapping[str, int]:
    """The table: name to MiB."""
    table: dict[str, int] = yaml.safe_load(CARDS_PATH.read_text(encoding="utf-8"))
    return table


def _words(name: str) -> str:
    """A name as makers, shops and nvidia-smi agree on it."""
    text = re.sub(r"[-_]+", " ", name.lower())
    return " ".join(re.sub(r"(\d) (gb)\b", r"\1\2", _NOISE.sub(" ", text)).split())


def card(name: str) -> Card:
    """The card of that name, or of a size such as `24GiB`; SiteError names the nearest ones otherwise."""
    size = SIZE.fullmatch(name.strip())
    if size is not None:
        mib = float(size[1]) * (1024 if size[2].lower() == "gib" else 1)
        return Card(name=name.strip(), memory_mib=int(mib))
    known = {_words(one): one for one in known_cards()}
    asked = _words(name)
    found = [asked] if asked in known else [one for one in known if asked and one.startswith(f"{asked} ")]
    if len(found) == 1:
        return Card(name=known[found[0]], memory_mib=known_cards()[known[found[0]]])
    near = found or difflib.get_close_matches(asked, known, n=NEAR)
    names = ", ".join(known[one] for one in near)
    what = "is more than one card" if found else "is no card that is known here"
    raise SiteError(
        f"command line: --gpu {printable(repr(name))} {what}",
        remedy=(f"say which: {names}" if found else f"the nearest are {names}" if near else "")
        + ("; or " if near else "")
        + "give its memory as nvidia-smi tells it, for example --gpu 24GiB or --gpu 24564MiB",
    )
