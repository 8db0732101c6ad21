"""A ledger that was lost: what equals ours is ours again, and no file is left that names what is gone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from provision.fleet.workstation.intent import intend
from provision.fleet.workstation.places import PLUGIN_HOME
from provision.fleet.workstation.reading import FoundFile
from provision.fleet.workstation.sharedfile import Refused
from provision.fleet.workstation.withdrawal import withdraw
from router.smoke import FACTS
from tests.unit.fleet.test_agents import (
    CONFIG,
    FOLDERS,
    HOME,
    OMO,
    USERS,
    after,
    content,
    file,
    found,
    wanted,
)

FACTS_PATH = f"{FOLDERS.data}/{FACTS}"
OURS = file(FACTS_PATH, "ours\n")
NO_LEDGER = FoundFile(FOLDERS.ledger)
ENTRY = f"file://{HOME}/{PLUGIN_HOME}/1.0.0/node_modules/oh-my-openagent"


def lost(*files: FoundFile, ledger: FoundFile = NO_LEDGER) -> dict[str, FoundFile]:
    """The files of a publish whose ledger is gone."""
    before = found(*files, OURS)
    return after(before, intend(before, FOLDERS, wanted()).files) | {FOLDERS.ledger: ledger, OURS.path: OURS}


@pytest.mark.parametrize("ledger", [NO_LEDGER, file(FOLDERS.ledger, '{"version": 1, "file": "/ho')])
@pytest.mark.parametrize("users", [USERS, ()])
def test_what_equals_ours_is_ours_again(users: list[FoundFile], ledger: FoundFile) -> None:
    files = lost(*users, ledger=ledger)
    intent = intend(files, FOLDERS, wanted())
    assert [one.found.path for one in intent.files] == [FOLDERS.ledger]
    assert any("was lost" in one for one in intent.change.kept)
    files = after(files, intent.files)
    again = intend(files, FOLDERS, wanted())
    assert (again.files, any("was lost" in one for one in again.change.kept)) == ((), False)
    plan = withdraw(files, FOLDERS)
    assert plan is not None
    gone = after(files, plan.files)
    for path in (CONFIG, f"{CONFIG}c", OMO):
        assert gone[path].content == found(*users)[path].content, path


def test_without_files_of_ours_an_equal_value_stays_the_user_s() -> None:
    files = lost(*USERS) | {OURS.path: FoundFile(OURS.path)}
    for path in [path for path in files if path.startswith(f"{FOLDERS.data}/")]:
        files[path] = FoundFile(path)
    intent = intend(files, FOLDERS, wanted())
    assert not any("was lost" in one for one in intent.change.kept)


def test_a_value_that_is_not_ours_to_the_letter_stays_the_user_s() -> None:
    files = lost()
    config = json.loads(content(files, CONFIG))
    config["model"] = "anthropic/hers"
    files[CONFIG] = file(CONFIG, json.dumps(config))
    files = after(files, intend(files, FOLDERS, wanted()).files)
    plan = withdraw(files, FOLDERS)
    assert plan is not None
    assert json.loads(content(after(files, plan.files), CONFIG)) == {"model": "anthropic/hers"}


def test_a_file_that_we_never_wrote_keeps_a_value_that_is_as_ours() -> None:
    own = file(CONFIG, '{\n  "autoupdate": false, // never at work\n}\n')
    plugins = file(OMO, '{"[opencode]": {"disabled_mcps": ["websearch"]}}')
    before = found(own, plugins, OURS) | {FOLDERS.ledger: NO_LEDGER}
    files = after(before, intend(before, FOLDERS, wanted()).files)
    plan = withdraw(files, FOLDERS)
    assert plan is not None
    gone = after(files, plan.files)
    assert (gone[CONFIG].content, gone[OMO].content) == (own.content, plugins.content)


def test_an_uninstall_without_the_ledger_is_no_success() -> None:
    with pytest.raises(Refused, match="is gone, and files of ours are there") as caught:
        withdraw(lost(*USERS), FOLDERS)
    assert "router apply" in caught.value.remedy
    assert withdraw(found(*USERS), FOLDERS) is None


def test_no_configuration_names_a_plugin_that_goes() -> None:
    files = after(before := found(*USERS), intend(before, FOLDERS, wanted()).files)
    other = file(f"{CONFIG}c", f'{{"plugin": ["hers", "{ENTRY}"]}}', "644")
    plan = withdraw(files | {other.path: other}, FOLDERS)
    assert plan is not None
    assert other.path in plan.change.files
    gone = after(files | {other.path: other}, plan.files)
    assert json.loads(content(gone, other.path)) == {"plugin": ["hers"]}
    assert gone[other.path].mode == "644"


def test_a_ledger_that_cannot_be_read_is_refused_before_it_is_written() -> None:
    ledger = replace(NO_LEDGER, kind="unreadable")
    with pytest.raises(Refused, match="cannot be read"):
        intend(found(*USERS) | {FOLDERS.ledger: ledger}, FOLDERS, wanted())
