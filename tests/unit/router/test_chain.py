"""Our small plugin in the real OpenCode: whoever waits for an agent gets the next model's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from router.chain import PLACE, Chains, chain_plugin
from router.omo import MIGRATIONS, NO_HOOKS, NO_SERVERS, RETRIED, SECTION
from router.render import DISPLAY, seed
from tests.unit.router import real
from tests.unit.router.models_stand_in import Models, delegation
from tests.unit.router.standins import until

pytestmark = pytest.mark.programs

LOCAL, NEXT, LEAD = "ollama/small", "cloud/next", "cloud/lead"
DRIVER = """
const { AstraeusChain } = await import(process.argv[2])
let aborts = 0, asked = 0
const question = { info: { role: "user", id: "q", agent: "lead" }, parts: [] }
const answer = { info: { role: "assistant", parentID: "q", providerID: "cloud", modelID: "lead" }, parts: [] }
const session = {
  get: async () => ({ data: {} }),
  messages: async () => ({ data: [question, answer] }),
  abort: async () => { if (++aborts === 1) throw new Error("gone") },
  promptAsync: async () => { asked++ },
}
const plugin = await AstraeusChain({ client: { session } })
const properties = { sessionID: "s", status: { type: "retry" } }
for (const _ of [1, 2]) await plugin.event({ event: { type: "session.status", properties } }).catch(() => {})
console.log(`${aborts} broken off, ${asked} asked again`)
"""
"""A client whose first abort fails: OpenCode's own program runs it as Bun."""
KEEPS = """
export const Keeps = async () => ({
  "chat.message": async (_, { message }) => { message.model = { providerID: "ollama", modelID: "small" } },
})
"""
"""A plugin of the user's that has one model answer everything."""
LEADER = DISPLAY["sisyphus"]


@pytest.fixture
def models() -> Iterator[Models]:
    one = Models()
    yield one
    one.stop()


def home(folder: Path, models: Models, *, plugged: bool) -> None:
    """A user with an agent whose first model is the hosts', one that leads, and our plugin."""
    config = folder / ".config" / "opencode"
    chains = Chains(
        by_agent={"resolver": (LOCAL, NEXT), "lead": (LEAD, NEXT), LEADER: (LEAD, NEXT)},
        ours=("resolver", "lead"),
        pool="ollama",
        plugged=plugged,
        routed=True,
        reads={},
    )
    files = {
        f"opencode/agents/{name}.md": agent(model) for name, model in (("resolver", LOCAL), ("lead", LEAD))
    }
    files |= {PLACE: chain_plugin(chains), **{file.path: file.text for file in seed("1.18.33")}}
    for path, text in files.items():
        (config.parent / path).parent.mkdir(parents=True, exist_ok=True)
        (config.parent / path).write_text(text)
    settings = {
        "provider": {name: provider(f"{models.url}/{name}/v1", name) for name in ("ollama", "cloud")},
        "plugin": [f"file://{real.plugin()}"] if plugged else [],
        "small_model": NEXT,
    }
    (config / "opencode.json").write_text(json.dumps(settings))
    others: dict[str, Any] = {
        "agents": {"sisyphus": {"model": LEAD, "fallback_models": [NEXT]}},
        "runtime_fallback": {"enabled": True, "retry_on_errors": list(RETRIED)},
        "disabled_mcps": list(NO_SERVERS),
        "disabled_hooks": list(NO_HOOKS),
        "codegraph": {"enabled": False},
        "auto_update": False,
    }
    (folder / ".omo").mkdir()
    (folder / ".omo" / "omo.jsonc").write_text(json.dumps({"_migrations": list(MIGRATIONS), SECTION: others}))


def agent(model: str) -> str:
    return f"---\ndescription: one\nmode: all\nmodel: {model}\n---\nYou answer.\n"


def provider(url: str, name: str) -> dict[str, Any]:
    limit = {"context": 32768, "output": 8192}
    listed = [model.partition("/")[2] for model in (LOCAL, NEXT, LEAD) if model.startswith(name)]
    return {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": url, "apiKey": "none"},
        "models": {one: {"name": one, "tool_call": True, "limit": limit} for one in listed},
    }


def ask(folder: Path, agent: str) -> real.Said:
    return real.run(folder, "run", "--title", "a test", "--agent", agent, "why does it fail?")


def served(folder: Path, agent: str) -> str:
    """The last words in a session of a server's that nobody waits for."""
    with real.serving(folder) as url:
        session = f"{url}/session/{json.loads(real.fetched(f'{url}/session', {'title': 'a test'}))['id']}"
        asked = {"agent": agent, "parts": [{"type": "text", "text": "why does it fail?"}]}
        real.fetched(f"{session}/prompt_async", asked)
        said: list[str] = []

        def answered() -> bool:
            told = json.loads(real.fetched(f"{session}/message"))
            parts = [part for one in told if one["info"]["role"] == "assistant" for part in one["parts"]]
            said[:] = [part["text"] for part in parts if part.get("text")]
            return said != []

        until(answered)
        return said[0]


@pytest.mark.parametrize("how", ["503", "404", "reset"])
def test_the_next_model_answers_in_opencode_run(tmp_path: Path, models: Models, how: str) -> None:
    home(tmp_path, models, plugged=False)
    models.how["small"] = how
    said = ask(tmp_path, "resolver")
    assert (said.rc, said.out.strip()) == (0, "next says so"), said
    assert models.asked == ["small", "next"], "each was asked once"


def test_the_other_plugin_changes_nothing_in_that(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=True)
    models.how["small"] = "503"
    said = ask(tmp_path, "resolver")
    assert (said.rc, said.out.strip()) == (0, "next says so"), said
    assert models.asked == ["small", "next"], "each was asked once"


def test_a_task_gets_the_next_models_answer_where_no_other_plugin_is(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=False)
    models.how["small"] = "503"
    models.calls["lead"] = delegation("resolver", "find out why")
    said = ask(tmp_path, "lead")
    assert said.rc == 0, said
    assert said.out.startswith("lead heard: ")
    assert "next says so" in said.out
    assert models.asked == ["lead", "small", "next", "lead"]


def test_an_answer_that_nobody_can_give_is_told(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=False)
    models.how |= {"small": "503", "next": "503"}
    said = ask(tmp_path, "resolver")
    assert (said.rc, said.out.strip()) == (1, ""), said
    assert "its own words" in said.faults


def test_a_cloud_that_fails_is_told_rather_than_nothing_at_all(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=False)
    models.how["lead"] = "503"
    said = ask(tmp_path, "lead")
    assert (said.rc, said.out.strip()) == (1, ""), said
    assert "its own words" in said.faults


def test_the_plugins_own_chain_ends_a_run_with_words(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=True)
    models.how["lead"] = "429"
    said = ask(tmp_path, LEADER)
    assert (said.rc, said.out.strip()) == (1, ""), said
    assert "its own words" in said.faults
    assert models.asked[0] == "lead"


def test_a_second_try_that_is_answered_is_no_fault(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=False)
    models.how["lead"] = "503 once"
    said = ask(tmp_path, "lead")
    assert (said.rc, said.out.strip(), "Error" in said.faults) == (0, "lead says so", False), said


def test_a_session_that_could_not_be_broken_off_goes_on_the_next_time(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=False)
    driver = tmp_path / "driver.mjs"
    driver.write_text(DRIVER)
    plugin = tmp_path / ".config" / PLACE
    assert real.run(tmp_path, str(driver), str(plugin), BUN_BE_BUN="1").out == "2 broken off, 1 asked again\n"


def test_a_question_that_keeps_its_model_is_not_asked_without_end(tmp_path: Path, models: Models) -> None:
    home(tmp_path, models, plugged=False)
    models.how["small"] = "503"
    plugin = tmp_path / ".config" / "opencode" / "plugins" / "keeps.js"
    plugin.write_text(KEEPS)
    said = ask(tmp_path, "resolver")
    assert (said.rc, said.out.strip()) == (1, ""), said
    assert len(models.asked) == 6, "OpenCode's own tries"


@pytest.mark.parametrize("agent", ["resolver", "lead"])
def test_a_session_of_a_server_goes_on_whatever_failed(tmp_path: Path, models: Models, agent: str) -> None:
    home(tmp_path, models, plugged=False)
    models.how |= {"small": "503", "lead": "503"}
    assert served(tmp_path, agent) == "next says so"
