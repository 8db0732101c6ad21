"""A workstation is confirmed only by an answer that came, and what failed is said without secrets."""

from __future__ import annotations

import base64
import json
import time
from hashlib import sha256
from pathlib import Path

import pytest

from provision.fleet.workstation.confirm import judge, scrubbed, spoken
from tests.unit.fleet.homes import Home, Served, order

SHA = "ab" * 32
OK = [("sha256", SHA), ("listed", "ollama/m1 yes 200")]


def _events(*events: dict[str, object]) -> str:
    return "=" + base64.b64encode("\n".join(map(json.dumps, events)).encode()).decode()


SAID: dict[str, object] = {"type": "text", "part": {"text": "ready"}}
ERROR: dict[str, object] = {
    "type": "error",
    "error": {"name": "APIError", "data": {"message": "no such model"}},
}
FULL = [*OK, ("opencode", "/usr/bin/opencode")]


def test_an_answer_confirms() -> None:
    done = judge("l", [*FULL, ("answer", f"ollama/m1 0 3 {_events(SAID)} =")], order("m1"), SHA)
    assert done.status == "ok"
    assert [(answer.text, answer.seconds) for answer in done.answers] == [("ready", 3.0)]


@pytest.mark.parametrize(
    ("lines", "said", "evidence"),
    [
        ([("sha256", "absent")], "changed meanwhile", ""),
        ([("sha256", SHA), ("listed", "ollama/m1 no 200")], "does not offer ollama/m1", "200"),
        (
            [("sha256", SHA), ("listed", "ollama/m1 no 200; http://b: 000 curl 7")],
            "does not offer",
            "http://b",
        ),
        ([("sha256", SHA), ("listed", "ollama/m1 no 000 curl 7")], "cannot be reached", "curl 7"),
        ([*OK, ("opencode", "")], "no OpenCode", ""),
        ([*FULL, ("answer", f"ollama/m1 0 3 {_events()} =")], "did not answer", ""),
        ([*FULL, ("answer", f"ollama/m1 1 3 {_events(ERROR)} =")], "exit status 1", "no such model"),
        ([*FULL, ("answer", f"ollama/m1 124 9 {_events(SAID)} =")], "within 300 s", ""),
        (FULL, "not every model", ""),
    ],
)
def test_anything_else_does_not(lines: list[tuple[str, str]], said: str, evidence: str) -> None:
    done = judge("l", lines, order("m1"), SHA)
    assert done.status == "failed"
    assert said in done.problem
    assert evidence in done.evidence
    assert done.remedy


def test_without_a_session_the_servers_list_is_enough() -> None:
    wanted = order("m1")
    light = wanted.model_copy(update={"confirm": wanted.confirm.model_copy(update={"session": False})})
    done = judge("l", OK, light, SHA)
    assert done.status == "ok"
    assert done.answers[0].how == "listed"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([("agents", "1 ="), ("agent", "p/m explore")], "does not read its configuration (exit status 1)"),
        ([("agents", "0 =")], "OpenCode knows no agent explore"),
        ([("agents", "0 ="), ("agent", "p/other explore")], "gives explore has p/other, not p/m"),
        ([("agents", "0 ="), ("agent", "p/m explore")], ""),
    ],
)
def test_every_agent_must_have_its_model(lines: list[tuple[str, str]], said: str) -> None:
    wanted = order("m1")
    confirm = wanted.confirm.model_copy(update={"agents": {"explore": "p/m"}})
    answered = [*FULL, *lines, ("answer", f"ollama/m1 0 3 {_events(SAID)} =")]
    done = judge("l", answered, wanted.model_copy(update={"confirm": confirm}), SHA)
    assert (said in done.problem, done.status) == (True, "failed" if said else "ok")
    assert done.agents == (0 if said else 1)


def test_noise_between_the_events_is_passed_over() -> None:
    assert spoken('hello\n[1]\n"x"\n{"type":"text"}\n' + json.dumps(SAID)) == ("ready", [])


@pytest.mark.parametrize(
    "line",
    ['{"apiKey": "sk-live-1"}', "Authorization: Bearer abc.def", "token=abcdef", "password = 'hunter2'"],
)
def test_evidence_has_no_secret(line: str) -> None:
    shown = scrubbed([line])
    assert not any(secret in shown for secret in ("sk-live-1", "abc.def", "abcdef", "hunter2")), shown


def _confirm(
    laptop: Home, sh: list[str], served: Served, *, session: str, opencode: str, deadline_s: int = 60
) -> dict[str, str]:
    config = laptop.home / ".config/opencode/opencode.json"
    config.parent.mkdir(parents=True)
    config.write_text('{"x": 1}')
    if opencode:
        binary = laptop.home / ".local/bin/opencode"
        binary.parent.mkdir(parents=True)
        binary.write_text(f"#!/bin/sh\n{opencode}\n")
        binary.chmod(0o755)
    served.files["/v1/models"] = b'{"data": [{"id": "m1:latest"}]}'
    before = laptop.tree()
    values = {
        "CONFIG": str(config),
        "SHA256": sha256(b'{"x": 1}').hexdigest(),
        "SESSION": session,
        "DEADLINE_S": str(deadline_s),
        "PROMPT": "say 'ready'",
        "AGENTS": "no",
        "MODELS": f"ollama/m1>{served.url}/v1",
    }
    said = dict(laptop.run(sh, "confirm", values, TMPDIR=str(laptop.home.parent)))
    assert laptop.tree() == before
    assert not list(laptop.home.parent.glob("astraeus.*"))
    return said


def test_opencode_runs_with_our_file_and_folders_of_its_own(
    laptop: Home, sh: list[str], served: Served
) -> None:
    fake = r"""
mkdir -p "$XDG_DATA_HOME/opencode" "$XDG_CONFIG_HOME" && echo x >"$XDG_DATA_HOME/opencode/db"
[ "$OPENCODE_CONFIG" = "$HOME/.config/opencode/opencode.json" ] || exit 9
[ "$*" = "run --pure --agent build --title astraeus --format json --model ollama/m1 say 'ready'" ] || exit 8
[ "$(cat)" = "" ] || exit 7
echo '{"type":"text","part":{"text":"ready"}}'
"""
    said = _confirm(laptop, sh, served, session="yes", opencode=fake)
    assert said["listed"] == "ollama/m1 yes 200"
    model, code, _, events, _ = said["answer"].split(" ")
    assert (model, code) == ("ollama/m1", "0")
    assert spoken(base64.b64decode(events[1:]).decode())[0] == "ready"


def test_a_hanging_opencode_ends_at_the_deadline_with_its_children(
    laptop: Home, sh: list[str], served: Served, tmp_path: Path
) -> None:
    mark = tmp_path / "child"
    fake = f"sh -c 'echo $$ >\"{mark}\"; exec sleep 300' &\nwait"
    said = _confirm(laptop, sh, served, session="yes", opencode=fake, deadline_s=1)
    assert said["answer"].split(" ")[1] == "124"
    end = time.monotonic() + 5
    while _runs(int(mark.read_text())):
        assert time.monotonic() < end, "the child runs on"


def _runs(pid: int) -> bool:
    """Zombies do not count: whoever is init here reaps them later."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
