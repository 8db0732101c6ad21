from pathlib import Path

import gguf
import pytest

from provision.catalogue import load_catalogue
from tests.lab.fixture_model import SPACE, Behaviour, write_model
from tests.lab.models import ANSWER, WORDS

BEHAVIOUR = Behaviour("m", WORDS, {"[[call]]": "<tool_call>"})


def test_the_same_behaviour_gives_the_same_bytes_and_another_name_does_not(tmp_path: Path) -> None:
    for name, behaviour in (("a", BEHAVIOUR), ("b", BEHAVIOUR), ("c", Behaviour("other", WORDS))):
        write_model(tmp_path / name, behaviour)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b
    assert a != c


def test_the_words_are_the_answer() -> None:
    assert "".join(WORDS).replace(SPACE, " ") == ANSWER


def test_the_context_that_the_model_admits_is_larger_than_the_catalogue_s(tmp_path: Path) -> None:
    write_model(tmp_path / "m", BEHAVIOUR)
    field = gguf.GGUFReader(tmp_path / "m").get_field("llama.context_length")
    assert field is not None
    assert field.contents() > load_catalogue().context_tokens


def test_a_marker_that_is_also_a_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="distinct"):
        write_model(tmp_path / "m", Behaviour("m", WORDS, {WORDS[0]: "x"}))
