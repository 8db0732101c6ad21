"""What Ansible's callback tells, as it is kept."""

from __future__ import annotations

import json

from provision.engines.ansible import _Reading


def test_a_machine_s_words_cannot_steer_a_terminal() -> None:
    told: list[str] = []
    reading = _Reading(told.append, lambda _, what: told.append(what), verbose=True)
    for kind, more in (("retry", {}), ("ok", {"changed": True}), ("failed", {})):
        reading.line(
            json.dumps({"event": kind, "host": "gpu", "task": "t", "message": "a\x1b[31m\nb", **more})
        )
    reading.line("noise \x1b[31m")
    assert told == ["gpu: a?[31m\nb", "a?[31m\nb"]
    assert reading.outcomes()["gpu"].failure == "t: a?[31m\nb"
    assert reading.noise == ["noise ?[31m"]


def test_what_was_skipped_is_not_told_as_done() -> None:
    told: list[str] = []
    reading = _Reading(told.append, lambda _host, _what: None, verbose=False)
    for kind in ("start", "skipped"):
        reading.line(json.dumps({"event": kind, "host": "gpu", "task": "Remove the table"}))
    assert told == ["gpu: Remove the table", "gpu: Remove the table: not needed"]
    assert reading.outcomes().get("gpu") is None
