"""What stands in for models and clouds does what other tests read from it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import models
from tests.lab.clouds import Call, Clouds, Step
from tests.lab.lab import Lab, LabMachine
from tests.lab.own_ollama import Ollama, serving
from tests.lab.questions import DEBUG, DROP_IN, log_questions, questions, read
from tests.lab.shell import until
from tests.lab.temptations import TEMPTATIONS

pytestmark = pytest.mark.lab

KINDS = {str: "string", bool: "boolean", list: "array"}


@pytest.fixture(scope="module")
def ollama(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ollama]:
    with serving(lab, tmp_path_factory.mktemp("ollama")) as here:
        yield here


def offered(marker: str) -> dict[str, Any]:
    """The tool as a client offers it."""
    tool, arguments = TEMPTATIONS[marker]
    kinds = {name: {"type": KINDS[type(value)]} for name, value in arguments.items()}
    parameters = {"type": "object", "properties": kinds}
    return {"type": "function", "function": {"name": tool, "description": "x", "parameters": parameters}}


@pytest.mark.parametrize("marker", TEMPTATIONS)
@pytest.mark.parametrize("base", models.bases())
def test_a_word_tempts_a_model_once(ollama: Ollama, base: str, marker: str) -> None:
    tool, arguments = TEMPTATIONS[marker]
    user = {"role": "user", "content": f"please {marker} now"}
    tools = [offered(one) for one in TEMPTATIONS]
    body: dict[str, Any] = {"model": base, "messages": [user], "tools": tools}
    message = ollama.ask("/v1/chat/completions", body)["choices"][0]["message"]
    (call,) = message["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == (tool, arguments)
    result = {"role": "tool", "tool_call_id": call["id"], "content": "no"}
    body["messages"] = [user, message, result]
    after = ollama.ask("/v1/chat/completions", body)["choices"][0]["message"]
    assert (after["content"].strip(), after.get("tool_calls")) == (models.ANSWER.strip(), None)


@pytest.mark.parametrize("base", models.bases())
def test_a_model_tries_what_is_not_offered(ollama: Ollama, base: str) -> None:
    user = {"role": "user", "content": "please [[write]] now"}
    body = {"model": base, "messages": [user], "tools": [offered("[[bash]]")]}
    (call,) = ollama.ask("/v1/chat/completions", body)["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "write"


def test_the_server_s_log_says_which_model_was_asked(ollama: Ollama) -> None:
    before, began = len(list(read(ollama.log.read_text()))), time.time()
    asked = [*models.bases(), models.bases()[0]]
    for base in asked:
        ollama.ask("/api/generate", {"model": base, "prompt": "hi", "stream": False})
    until(lambda: len(list(read(ollama.log.read_text()))) == before + len(asked), "all are logged")
    logged = list(read(ollama.log.read_text()))[before:]
    assert [one.model for one in logged] == asked
    assert all(began - 0.1 <= one.time <= time.time() for one in logged)


def test_questions_are_read_from_a_machine_s_journal(spare: LabMachine) -> None:
    line = (
        "time=$(date -u +%%FT%%T).000Z level=DEBUG"
        ' msg="after processing request finished event" runner.name=a/b:c'
    )
    unit = f"[Service]\nExecStart=/bin/sh -c 'test $OLLAMA_DEBUG = 1 && echo \"{line}\" && sleep 999'\n"
    spare.write(
        "/etc/systemd/system/ollama.service", unit.replace('msg="', 'msg=\\\\"').replace('" r', '\\\\" r')
    )
    log_questions(spare)
    assert spare.read(DROP_IN) == DEBUG
    spare.run("systemctl start ollama.service")
    until(lambda: [one.model for one in questions(spare)] == ["b:c"], "the question is in the journal")
    assert questions(spare, time.time() + 60) == ()


def test_the_stub_clouds_answer_a_laptop_and_say_who_asked(lab: Lab) -> None:
    clouds, laptop = Clouds(), lab.machine("laptop1")
    assert lab.clouds == clouds.base_urls
    clouds.reset()
    clouds.script([Step("look", calls=(Call("read", {"filePath": "a"}),))])
    tool = {"type": "function", "name": "read", "parameters": {"type": "object"}}
    body = json.dumps({"model": "gpt-5.2", "input": "look", "tools": [tool]})
    key = "authorization: Bearer sk-lab"
    line = ["curl", "-sf", "-H", key, "-d", body, f"{clouds.base_urls['openai']}/responses"]
    item = json.loads(laptop.run(line, user="dev").stdout)["output"][0]
    assert (item["type"], item["name"]) == ("function_call", "read")
    (request,) = clouds.requests()
    assert (request.reference, request.key, request.called) == ("openai/gpt-5.2", True, ("read",))
    said = lab.machine("clouds.lab").run("journalctl --unit=clouds --output=cat --lines=1").stdout
    assert json.loads(said)["user"] == "look"
    assert "sk-lab" not in said
    clouds.reset()
