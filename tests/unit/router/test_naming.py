"""The user's provider is never taken over, ids stay with their hosts, names that lead nowhere are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from router.endpoint import Endpoint, OfferedModel
from router.jsonc import load
from router.merge import Merge, merge
from router.opencode import RouterSettings, settings

MODEL = OfferedModel(name="m", title="M", context=4096, output=512, tool_call=True, reasoning=False)
OWN = """    "ollama": { // as OpenCode's documentation has it
      "npm": "@ai-sdk/openai-compatible",
      "name": "Ollama (local)",
      "options": { "baseURL": "http://localhost:9/v1" },
      "models": { "llama3.1": { "name": "Llama" } }
    }"""
USER = '{\n  "agent": { "build": { "model": "ollama/llama3.1" } },\n  "provider": {\n' + OWN + "\n  }\n}\n"


def _site(*hosts: str) -> RouterSettings:
    ends = [Endpoint(name=host, url=f"http://{host}:4242", models=(MODEL,)) for host in hosts]
    return settings(ends, "m")


def _urls(done: Merge) -> dict[str, str]:
    config: Any = load(done.text)
    return {key: entry["options"]["baseURL"] for key, entry in config["provider"].items()}


def _with(text: str, **more: object) -> str:
    return json.dumps({**json.loads(text), **more})


def test_the_users_own_ollama_keeps_its_bytes_and_ours_gets_another_id() -> None:
    done = merge(USER, _site("gpu.lan", "b.lan"), None)
    assert OWN in done.text
    assert _urls(done) == {
        "ollama": "http://localhost:9/v1",
        "ollama-gpu-lan": "http://gpu.lan:4242/v1",
        "ollama-b-lan": "http://b.lan:4242/v1",
    }
    config: Any = load(done.text)
    assert config["model"] == "ollama-gpu-lan/m"
    assert done.desired.offered == ("ollama-gpu-lan/m", "ollama-b-lan/m")
    assert done.ids == {"ollama": "ollama-gpu-lan", "ollama-b-lan": "ollama-b-lan"}
    assert done.kept == ("provider.ollama stays as the user has it; gpu.lan is offered as ollama-gpu-lan",)
    again = merge(done.text, _site("gpu.lan", "b.lan"), done.memory)
    assert (again.text, again.memory, again.ids) == (done.text, done.memory, done.ids)


def test_an_id_that_is_taken_as_well_is_numbered() -> None:
    text = '{"provider": {"ollama": {}, "ollama-a": {"x": 1}, "ollama-a-2": null}}'
    done = merge(text, _site("a"), None)
    config: Any = load(done.text)
    assert {key: config["provider"][key] for key in ("ollama", "ollama-a", "ollama-a-2")} == (
        json.loads(text)["provider"]
    )
    assert done.ids == {"ollama": "ollama-a-3"}


def test_an_id_of_the_users_other_file_is_taken() -> None:
    assert merge("{}", _site("a"), None, {"ollama"}).ids == {"ollama": "ollama-a"}


def test_an_id_that_we_gave_stays() -> None:
    ours = merge("{}", _site("a"), None)
    assert merge(ours.text, _site("a"), ours.memory, {"ollama"}).ids == {"ollama": "ollama"}
    beside = merge(USER, _site("a"), None)
    freed = beside.text.replace(OWN + ",", "")
    assert "llama3.1" in freed
    assert "localhost" not in freed
    later = merge(freed, _site("a"), beside.memory)
    assert later.ids == {"ollama": "ollama-a"}
    assert later.text == freed


def test_an_entry_under_our_label_and_url_is_ours_though_the_memory_was_lost() -> None:
    for text in ("{}", USER):
        first = merge(text, _site("a", "b"), None)
        again = merge(first.text, _site("a", "b"), None)
        assert (again.text, again.ids) == (first.text, first.ids)


@pytest.mark.parametrize("url", ["http://localhost:9/v1", "http://c:4242/v1"])
def test_our_label_at_another_url_is_the_users(url: str) -> None:
    text = json.dumps({"provider": {"ollama": {"name": "Ollama (a)", "options": {"baseURL": url}}}})
    assert merge(text, _site("a"), None).ids == {"ollama": "ollama-a"}


def test_the_order_of_hosts_moves_no_id() -> None:
    first = merge("{}", _site("a", "b"), None)
    turned = merge(first.text, _site("b", "a"), first.memory)
    assert _urls(turned) == _urls(first) == {"ollama": "http://a:4242/v1", "ollama-b": "http://b:4242/v1"}
    assert json.loads(turned.text)["model"] == "ollama-b/m"


def test_a_removed_hosts_id_is_given_to_a_new_first_host_and_the_others_keep_theirs() -> None:
    first = merge("{}", _site("a", "b"), None)
    less = merge(first.text, _site("b"), first.memory)
    assert _urls(less) == {"ollama-b": "http://b:4242/v1"}
    assert json.loads(less.text)["model"] == "ollama-b/m"
    changed = merge(first.text, _site("c", "b"), first.memory)
    assert _urls(changed) == {"ollama-b": "http://b:4242/v1", "ollama": "http://c:4242/v1"}


def test_names_of_the_users_that_lead_nowhere_now_are_told() -> None:
    first = merge("{}", _site("a", "b"), None)
    agents = {"x\x1b": {"model": "ollama-b/m"}, "y": {"model": "ollama/m"}, "z": {"model": "openai/m"}}
    text = _with(first.text, agent=agents, small_model="ollama-b/m", mode=[], command={"q": "ollama-b/m"})
    assert merge(text, _site("a", "b"), first.memory).kept == ()
    assert merge(text, _site("a"), first.memory).kept == (
        "small_model names ollama-b/m, which is no longer offered",
        "agent.x?.model names ollama-b/m, which is no longer offered",
    )


def test_a_model_that_the_user_added_to_our_provider_leads_somewhere() -> None:
    first = merge("{}", _site("a"), None)
    text = first.text.replace('"models": {', '"models": { "own": {},')
    assert merge(_with(text, small_model="ollama/own"), _site("a"), first.memory).kept == ()


def test_settings_under_other_ids_are_the_same_settings() -> None:
    plain, beside = merge("{}", _site("a", "b"), None), merge(USER, _site("a", "b"), None)
    one: Any = load(plain.text)
    other: Any = load(beside.text)
    assert list(one["provider"].values()) == list(other["provider"].values())[1:]
