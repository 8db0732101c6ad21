"""Text of others (file contents, names, what machines say) made safe to show on a terminal."""

from __future__ import annotations

_REPLACED = (
    *range(0x20),
    *range(0x7F, 0xA0),  # DEL and C1: some terminals read 0x9b as ESC [
    0x061C,  # this and the next: marks that turn the direction of what follows
    *range(0x200E, 0x2010),
    *range(0x2028, 0x202F),  # also separators of lines and paragraphs
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),  # surrogates: bytes of a file name that are no text
)
_ONE_LINE = dict.fromkeys(_REPLACED, "?")
_LINES = {code: mark for code, mark in _ONE_LINE.items() if chr(code) not in "\n\t"}


def printable(text: str, *, lines: bool = False) -> str:
    """The text with `?` for every character that steers a terminal; with lines, newlines and tabs stay."""
    return text.replace("\r\n", "\n").translate(_LINES) if lines else text.translate(_ONE_LINE)
