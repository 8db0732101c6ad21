from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.tree import changes, tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/file").write_text("a")
    (tmp_path / "etc/link").symlink_to("file")
    return tmp_path


def test_nothing_changed_is_no_line(root: Path) -> None:
    assert changes(tree(root), tree(root)) == []


@pytest.mark.parametrize(
    ("write", "seen"),
    [
        (lambda root: (root / "etc/file").write_text("b"), "changed  /etc/file"),
        (lambda root: (root / "etc/file").chmod(0o600), "changed  /etc/file"),
        (lambda root: (root / "etc").chmod(0o700), "changed  /etc"),
        (lambda root: (root / "new").mkdir(), "new      /new"),
        (lambda root: (root / "etc/file").unlink(), "gone     /etc/file"),
        (lambda root: _link_to(root, "other").replace(root / "etc/link"), "changed  /etc/link"),
    ],
)
def test_every_kind_of_write_is_seen(root: Path, write: Callable[[Path], object], seen: str) -> None:
    before = tree(root)
    write(root)
    assert [line.split(": ")[0] for line in changes(before, tree(root))] == [seen]


def test_login_records_are_left_out_and_their_neighbours_are_not(root: Path) -> None:
    before = tree(root)
    log = root / "var/log"
    log.mkdir(parents=True)
    (log / "wtmp").write_text("x")
    (log / "other").write_text("x")
    assert [line.split()[1] for line in changes(before, tree(root))] == ["/var", "/var/log", "/var/log/other"]


def _link_to(root: Path, target: str) -> Path:
    link = root / "link.new"
    link.symlink_to(target)
    return link
