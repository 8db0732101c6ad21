"""What ollama_models decides to do, as data in and data out."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.astraeus_models.decide import Wanted, decide, describe, needs_pull, wanted_from
from ansible.module_utils.astraeus_models.ledger import Entry, Ledger, read_ledger, write_ledger
from ansible.module_utils.astraeus_models.names import full, manifest_path

BASE, OTHER, DERIVED = "b" * 64, "o" * 64, "d" * 64
NONE: frozenset[str] = frozenset()
MINISTRAL = Wanted(
    "m:14b-32k", "m:14b", 32768, BASE, "lan:8081/library/m:14b", insecure=True, size_bytes=9_100_000_000
)
LFM = Wanted("lfm:latest", "lfm:latest", None, None, "lfm:latest", insecure=False, size_bytes=700_000_000)
RIGHT = Ledger({"m:14b-32k": Entry("m:14b", BASE, DERIVED, 32768, pulled_by_us=True)})


def test_names_are_completed_as_the_server_lists_them() -> None:
    assert full("qwen3-coder-32k") == "qwen3-coder-32k:latest"
    assert full("lan:8081/library/m") == "lan:8081/library/m:latest"
    assert full("m:14b") == "m:14b"


def test_a_manifest_is_where_ollama_keeps_it() -> None:
    assert manifest_path("m:14b") == "manifests/registry.ollama.ai/library/m/14b"
    assert manifest_path("me/m") == "manifests/registry.ollama.ai/me/m/latest"
    assert manifest_path("lan:8081/library/m:14b") == "manifests/lan:8081/library/m/14b"


def test_nothing_is_done_where_all_is_right() -> None:
    assert decide([MINISTRAL], RIGHT, {"m:14b-32k": DERIVED}, NONE).is_empty


def test_a_bare_host_gets_everything() -> None:
    work = decide([MINISTRAL, LFM], Ledger(), {}, NONE)
    assert work.serve == (MINISTRAL, LFM)
    assert describe(work, Ledger(), {}, NONE) == [
        "pull lan:8081/library/m:14b (9.1 GB)",
        "derive m:14b-32k from m:14b with num_ctx 32768",
        "pull lfm:latest (0.7 GB)",
    ]


def test_a_model_altered_by_hand_is_made_again() -> None:
    assert decide([MINISTRAL], RIGHT, {"m:14b-32k": OTHER}, NONE).serve == (MINISTRAL,)


def test_a_model_with_a_broken_blob_is_made_again() -> None:
    broken = frozenset({"m:14b-32k"})
    assert decide([MINISTRAL], RIGHT, {"m:14b-32k": DERIVED}, broken).serve == (MINISTRAL,)
    assert needs_pull(MINISTRAL, RIGHT, {"m:14b-32k": DERIVED, "m:14b": BASE}, broken)


def test_another_pin_or_context_makes_it_again() -> None:
    live = {"m:14b-32k": DERIVED}
    for change in ({"base_digest": OTHER}, {"num_ctx": 4096}, {"base": "m:8b"}):
        changed = Wanted(**{**MINISTRAL.__dict__, **change})
        assert decide([changed], RIGHT, live, NONE).serve == (changed,)


def test_a_model_that_we_made_and_is_no_longer_wanted_goes() -> None:
    work = decide([LFM], RIGHT, {"m:14b-32k": DERIVED}, NONE)
    assert work.delete == ("m:14b-32k",)


def test_a_model_of_the_user_is_forgotten_not_deleted() -> None:
    ledger = Ledger({"lfm:latest": Entry("lfm:latest", OTHER, OTHER, None, pulled_by_us=False)})
    work = decide([], ledger, {"lfm:latest": OTHER}, NONE)
    assert (work.delete, work.forget) == ((), ("lfm:latest",))


def test_models_that_nobody_told_us_about_are_left_alone() -> None:
    assert decide([], Ledger(), {"the-users:own": OTHER}, NONE).is_empty


def test_what_an_interrupted_pull_left_goes_when_it_is_not_needed() -> None:
    ledger = Ledger(pulled=["m:14b", "lan:8081/library/m:14b"])
    assert decide([MINISTRAL], ledger, {}, NONE).delete == ()
    assert decide([LFM], ledger, {}, NONE).delete == ("m:14b", "lan:8081/library/m:14b")


def test_a_users_own_right_base_is_used_without_a_pull() -> None:
    assert not needs_pull(MINISTRAL, Ledger(), {"m:14b": BASE}, NONE)
    assert needs_pull(MINISTRAL, Ledger(), {"m:14b": OTHER}, NONE)


def test_an_unpinned_model_is_held_to_what_was_pulled_first() -> None:
    ledger = Ledger({"lfm:latest": Entry("lfm:latest", BASE, BASE, None, pulled_by_us=True)})
    assert not needs_pull(LFM, Ledger(), {"lfm:latest": OTHER}, NONE)
    assert needs_pull(LFM, ledger, {"lfm:latest": OTHER}, NONE)


def test_role_variables_become_wanted_models() -> None:
    item = {**MINISTRAL.__dict__, "name": "m", "base": "m"}
    assert wanted_from(item).name == "m:latest"


def test_the_ledger_survives_being_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.json"
    ledger = Ledger(dict(RIGHT.models), ["m:14b"])
    write_ledger(path, ledger)
    assert read_ledger(path) == ledger
    assert path.stat().st_mode & 0o777 == 0o644
    assert [child.name for child in path.parent.iterdir()] == ["ledger.json"]


def test_an_unreadable_ledger_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    for text in ("", "[]", '{"models": {"m": {}}, "pulled": []}', '{"models": 3}'):
        path.write_text(text, encoding="utf-8")
        assert read_ledger(path) == Ledger()
