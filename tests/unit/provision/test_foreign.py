"""Text of others steers no terminal and forges no line; ordinary text stays as it is."""

from __future__ import annotations

import pytest

from provision.foreign import printable


@pytest.mark.parametrize("character", "\x00\a\b\x1b\r\n\t\x7f\x80\x9b\u061c\u200f\u2028\u202e\u2066\ud800")
def test_what_steers_a_terminal_is_replaced(character: str) -> None:
    assert printable(f"a{character}b") == "a?b"


@pytest.mark.parametrize("text", ["plain: 'x' {y} 100 %", "größer … → ✔ 日本 👍", "\u00a0"])
def test_ordinary_text_stays(text: str) -> None:
    assert printable(text) == text
    assert printable(text, lines=True) == text


def test_text_of_several_lines_keeps_them() -> None:
    assert printable("a\n\tb\r\nc\rd\x1b[1m\x9b", lines=True) == "a\n\tb\nc?d?[1m?"
