from pathlib import Path

import pytest

from tests.lab import products
from tests.lab.products import key, product


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "BUILT", tmp_path)


def test_a_product_is_built_once() -> None:
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "thing").write_text("x")

    first = product("thing", "1", build)
    assert product("thing", "1", build) == first
    assert len(built) == 1
    assert (first / "thing").read_text() == "x"


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    def build(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        product("thing", "1", build)
    assert [path.name for path in tmp_path.iterdir()] == ["thing.lock"]


def test_the_key_tells_parts_apart() -> None:
    assert key("ab", "c") != key("a", "bc")
    assert key("a") == key(b"a")
