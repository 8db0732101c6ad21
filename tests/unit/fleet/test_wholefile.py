"""Files that are ours alone: written, healed and removed whole; what the user made or changed is hers."""

from __future__ import annotations

from hashlib import sha256

import pytest

from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.wholefile import place_of, plan_whole
from router.render import MARK, WholeFile
from router.service import UNIT

FOLDERS = Folders("/home/dev", "/home/dev/.config", "/home/dev/.local/state", "/bin/sh", 1000)
ONE = WholeFile(place="config", path="opencode/agents/a.md", text="one\n")
SEED = WholeFile(place="config", path="opencode/package.json", text="{}\n", optional=True)
RUN = WholeFile(place="data", path="run.sh", text="#!/bin/sh\n", executable=True)


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def there(file: WholeFile, text: str | None, mode: str = "600") -> dict[str, FoundFile]:
    path = place_of(file, FOLDERS)
    if text is None:
        return {path: FoundFile(path)}
    return {path: FoundFile(path, "file", mode, 1000, len(text), digest(text), text.encode())}


def test_what_is_missing_or_old_is_written() -> None:
    plan = plan_whole({**there(ONE, None), **there(RUN, None)}, (ONE, RUN), {}, FOLDERS)
    assert [(one.new, one.mode) for one in plan.changes] == [(b"one\n", "600"), (b"#!/bin/sh\n", "700")]
    path = place_of(ONE, FOLDERS)
    old = plan_whole(there(ONE, "zero\n"), (ONE,), {path: digest("zero\n")}, FOLDERS)
    assert [one.new for one in old.changes] == [b"one\n"]
    assert old.whole == {path: digest("one\n")}
    same = plan_whole(there(ONE, "one\n"), (ONE,), {}, FOLDERS)
    assert (same.changes, same.whole) == ((), {path: digest("one\n")})


def test_the_user_s_own_file_stays_and_is_said() -> None:
    plan = plan_whole(there(ONE, "hers\n"), (ONE,), {place_of(ONE, FOLDERS): digest("zero\n")}, FOLDERS)
    assert (plan.changes, plan.whole) == ((), {})
    assert "the user's own and stays" in plan.kept[0]
    link = {place_of(ONE, FOLDERS): FoundFile(place_of(ONE, FOLDERS), "symlink")}
    assert "symlink" in plan_whole(link, (ONE,), {}, FOLDERS).kept[0]


UNIT_FILE = WholeFile(place="home", path=UNIT, text="[Unit]\n")


@pytest.mark.parametrize("file", [RUN, UNIT_FILE])
@pytest.mark.parametrize("known", [True, False])
def test_what_is_ours_by_its_path_is_written_anew_whatever_stands_there(
    file: WholeFile, *, known: bool
) -> None:
    path, mode = place_of(file, FOLDERS), "700" if file.executable else "600"
    ours = {path: digest("zero\n")} if known else {}
    plan = plan_whole(there(file, "edited\n"), (file,), ours, FOLDERS)
    assert [(one.new, one.mode) for one in plan.changes] == [(file.text.encode(), mode)]
    assert (plan.whole, plan.kept) == ({path: digest(file.text)}, ())
    link = {path: FoundFile(path, "symlink")}
    assert "symlink" in plan_whole(link, (file,), ours, FOLDERS).kept[0]
    gone = plan_whole(there(file, "edited\n"), (), {path: digest("zero\n")}, FOLDERS)
    assert ([one.new for one in gone.changes], gone.kept) == ([None], ())


def test_what_bears_our_mark_and_is_in_no_ledger_stays_and_says_how_it_becomes_ours() -> None:
    marked = f"---\n# {MARK}\nolder\n"
    plan = plan_whole(there(ONE, marked), (ONE,), {}, FOLDERS)
    assert plan.changes == ()
    assert "remove it and run again" in plan.kept[0]
    edited = plan_whole(there(ONE, marked), (ONE,), {place_of(ONE, FOLDERS): digest("zero\n")}, FOLDERS)
    assert "the user's own and stays" in edited.kept[0]


def test_what_is_wanted_no_longer_goes_unless_the_user_changed_it() -> None:
    path = place_of(ONE, FOLDERS)
    gone = plan_whole(there(ONE, "one\n"), (), {path: digest("one\n")}, FOLDERS)
    assert [one.new for one in gone.changes] == [None]
    kept = plan_whole(there(ONE, "hers\n"), (), {path: digest("one\n")}, FOLDERS)
    assert kept.changes == ()
    assert "changed by its user" in kept.kept[0]


def test_seeds_are_left_out_without_a_word_where_the_user_has_her_own() -> None:
    found = {**there(ONE, None), **there(SEED, '{"mine": 1}')}
    plan = plan_whole(found, (ONE, SEED), {}, FOLDERS)
    assert [one.found.path for one in plan.changes] == [place_of(ONE, FOLDERS)]
    assert plan.kept == ()
    assert len(plan_whole({**there(ONE, None), **there(SEED, None)}, (ONE, SEED), {}, FOLDERS).changes) == 2
