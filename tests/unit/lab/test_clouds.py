import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.clouds import AUTH_TASK, EVERY, Call, Clouds, Step, delegation, the_seven
from tests.lab.shell import LabError
from tests.lab.stubclouds.server import CloudServer

KEYS = {"authorization": "Bearer sk-lab", "x-api-key": "sk-lab", "x-goog-api-key": "sk-lab"}
READ = {"name": "read", "parameters": {"type": "object"}}
LOOK = Step("look", calls=(Call("read", {"filePath": "a"}), Call("read", {"filePath": "b"})))


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    with CloudServer(0, "127.0.0.1") as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield Clouds(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()


def post(url: str, body: Any, headers: dict[str, str] = KEYS) -> tuple[int, str]:
    asked = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def events(stream: str) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


class OpenAI:
    reference, path = "openai/gpt-5.2", "/openai/v1/responses"

    def body(self, text: str, *, tools: bool, stream: bool) -> Any:
        user = {"role": "user", "content": [{"type": "input_text", "text": text}]}
        result = {"type": "function_call_output", "call_id": "1", "output": "found"}
        offered = [{"type": "function", **READ}] if tools else None
        return {"model": "gpt-5.2", "input": [user, result], "tools": offered, "stream": stream}

    def calls(self, said: list[Any]) -> list[tuple[str, Any]]:
        items = said[-1]["response"]["output"] if "response" in said[-1] else said[-1]["output"]
        return [(item["name"], json.loads(item["arguments"])) for item in items if "arguments" in item]

    def text(self, said: list[Any]) -> str:
        return str(said[-1]["response"]["output"][0]["content"][0]["text"])


class Chat:
    reference, path = "openai/gpt-4o", "/openai/v1/chat/completions"

    def body(self, text: str, *, tools: bool, stream: bool) -> Any:
        messages = [{"role": "user", "content": text}, {"role": "tool", "content": "found"}]
        offered = [{"type": "function", "function": READ}] if tools else []
        return {"model": "gpt-4o", "messages": messages, "tools": offered, "stream": stream}

    def calls(self, said: list[Any]) -> list[tuple[str, Any]]:
        messages = [choice.get("delta", choice.get("message")) for one in said for choice in one["choices"]]
        made = [call["function"] for message in messages for call in message.get("tool_calls", [])]
        return [(call["name"], json.loads(call["arguments"])) for call in made]

    def text(self, said: list[Any]) -> str:
        return "".join(choice["delta"].get("content", "") for one in said for choice in one["choices"])


class Anthropic:
    reference, path = "anthropic/claude-opus-4-5", "/anthropic/v1/messages"

    def body(self, text: str, *, tools: bool, stream: bool) -> Any:
        result = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "found"}]}
        messages = [{"role": "user", "content": text}, {"role": "user", "content": [result]}]
        offered = [{"name": "read", "input_schema": {}}] if tools else []
        return {"model": "claude-opus-4-5", "messages": messages, "tools": offered, "stream": stream}

    def calls(self, said: list[Any]) -> list[tuple[str, Any]]:
        if "content" in said[0]:
            return [(block["name"], block["input"]) for block in said[0]["content"] if "name" in block]
        names = [one["content_block"]["name"] for one in said if one["type"] == "content_block_start"]
        pieces = [one["delta"]["partial_json"] for one in said if one["type"] == "content_block_delta"]
        return [(name, json.loads(piece)) for name, piece in zip(names, pieces, strict=True)]

    def text(self, said: list[Any]) -> str:
        return str(next(one["delta"]["text"] for one in said if one["type"] == "content_block_delta"))


class Google:
    reference, model = "google/gemini-2.5-pro", "/google/v1beta/models/gemini-2.5-pro"
    path = f"{model}:streamGenerateContent?alt=sse"

    def body(self, text: str, *, tools: bool, stream: bool) -> Any:
        result = {"functionResponse": {"name": "read", "response": {"content": "found"}}}
        contents = [{"role": "user", "parts": [{"text": text}]}, {"role": "user", "parts": [result]}]
        return {"contents": contents, "tools": [{"functionDeclarations": [READ]}] if tools else []}

    def calls(self, said: list[Any]) -> list[tuple[str, Any]]:
        parts = said[0]["candidates"][0]["content"]["parts"]
        return [(part["functionCall"]["name"], part["functionCall"]["args"]) for part in parts]

    def text(self, said: list[Any]) -> str:
        return str(said[0]["candidates"][0]["content"]["parts"][0]["text"])


FORMATS = (OpenAI(), Chat(), Anthropic(), Google())
Format = OpenAI | Chat | Anthropic | Google
every_format = pytest.mark.parametrize("wire", FORMATS, ids=lambda wire: wire.path)


def ask(clouds: Clouds, wire: Format, text: str, *, tools: bool = True) -> list[Any]:
    status, said = post(clouds.url + wire.path, wire.body(text, tools=tools, stream=True))
    assert status == 200, said
    return events(said)


@every_format
def test_a_question_is_answered_in_its_own_format_and_recorded(clouds: Clouds, wire: Format) -> None:
    said = ask(clouds, wire, "how are you?")
    assert wire.text(said) == f"stub {wire.reference} answers"
    (request,) = clouds.requests()
    assert (request.reference, request.status, request.key) == (wire.reference, 200, True)
    assert (request.tools, request.user, request.called) == (("read",), "how are you?", ())
    assert "found" in request.results[0]
    assert "how are you?" in request.body


@every_format
def test_a_script_s_calls_are_made_where_their_tools_are_offered(clouds: Clouds, wire: Format) -> None:
    clouds.script([LOOK])
    assert "answers" in wire.text(ask(clouds, wire, "look", tools=False)), "a title is no agent's"
    assert "answers" in wire.text(ask(clouds, wire, "listen"))
    calls = wire.calls(ask(clouds, wire, "look here"))
    assert calls == [("read", {"filePath": "a"}), ("read", {"filePath": "b"})]
    assert "answers" in wire.text(ask(clouds, wire, "look here")), "a step is given once"
    assert [request.called for request in clouds.requests()] == [(), (), ("read", "read"), ()]


@pytest.mark.parametrize("wire", FORMATS[:3], ids=lambda wire: wire.path)
def test_an_answer_comes_whole_where_no_stream_is_asked_for(clouds: Clouds, wire: Format) -> None:
    clouds.script([LOOK])
    _, said = post(clouds.url + wire.path, wire.body("look", tools=True, stream=False))
    assert len(wire.calls([json.loads(said)])) == 2


def test_google_s_path_says_whether_to_stream(clouds: Clouds) -> None:
    google = Google()
    body = google.body("hi", tools=False, stream=False)
    _, said = post(f"{clouds.url}{google.model}:generateContent", body)
    assert google.text([json.loads(said)]) == "stub google/gemini-2.5-pro answers"


@every_format
@pytest.mark.parametrize("status", [401, 429, 500])
def test_a_model_fails_as_its_provider_does_and_takes_no_step(
    clouds: Clouds, wire: Format, status: int
) -> None:
    clouds.script([LOOK])
    clouds.mode(wire.reference, str(status))
    code, said = post(clouds.url + wire.path, wire.body("look", tools=True, stream=True))
    assert code == status
    assert json.loads(said)["error"]["message"]
    assert clouds.left() == (LOOK,)
    clouds.mode(wire.reference, "ok")
    assert wire.calls(ask(clouds, wire, "look"))


def test_one_model_fails_and_the_others_answer(clouds: Clouds) -> None:
    clouds.mode(EVERY, "500")
    clouds.mode("google/gemini-2.5-pro", "ok")
    assert post(clouds.url + OpenAI.path, OpenAI().body("hi", tools=True, stream=True))[0] == 500
    ask(clouds, Google(), "hi")
    clouds.reset()
    assert clouds.requests() == ()
    ask(clouds, OpenAI(), "hi")


@every_format
def test_without_a_key_nothing_is_said(clouds: Clouds, wire: Format) -> None:
    for headers in ({}, {"authorization": "Bearer "}):
        assert post(clouds.url + wire.path, wire.body("hi", tools=True, stream=True), headers)[0] == 401
    assert [request.key for request in clouds.requests()] == [False, False]


def test_the_key_is_written_nowhere(clouds: Clouds, capfd: pytest.CaptureFixture[str]) -> None:
    for wire in FORMATS:
        ask(clouds, wire, "hi")
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == len(FORMATS)
    assert all(json.loads(line)["key"] is True for line in out.splitlines())
    assert "sk-lab" not in out + err + repr(clouds.requests())


def test_a_step_may_call_what_is_not_offered(clouds: Clouds) -> None:
    clouds.script([Step(calls=(Call("bash", {}),)), Step(calls=(Call("bash", {}),), unoffered=True)])
    assert OpenAI().calls(ask(clouds, OpenAI(), "hi")) == [("bash", {})]
    assert [step.unoffered for step in clouds.left()] == [False]


def test_a_step_may_be_for_one_model(clouds: Clouds) -> None:
    clouds.script([Step(model="openai/gpt-5.2", text="mine")])
    assert Chat().text(ask(clouds, Chat(), "hi")) == "stub openai/gpt-4o answers"
    assert OpenAI().text(ask(clouds, OpenAI(), "hi")) == "mine"


def test_the_seven_are_given_in_their_order_to_who_may_delegate(clouds: Clouds) -> None:
    clouds.script(the_seven())
    task = {"type": "function", "name": "task"}
    asked: list[str] = []
    for _ in range(7):
        body = {**OpenAI().body(AUTH_TASK, tools=True, stream=True), "tools": [task]}
        said = events(post(clouds.url + OpenAI.path, body)[1])
        asked += [call["subagent_type"] for _, call in OpenAI().calls(said)]
        ask(clouds, OpenAI(), "Which design should the auth module have?")
    assert asked == [
        "explore",
        "oracle",
        "tdd-guide",
        "build-error-resolver",
        "code-reviewer",
        "doc-updater",
    ]
    assert OpenAI().text(said) == "The auth module is refactored."
    assert clouds.left() == ()


def test_a_delegation_names_all_that_the_plugin_asks_for() -> None:
    call = delegation("explore", "Find it.", background=True)
    assert set(call.arguments) == {
        "subagent_type",
        "description",
        "prompt",
        "run_in_background",
        "load_skills",
    }
    assert call.arguments["run_in_background"] is True


def test_a_page_of_the_web_is_recorded(clouds: Clouds) -> None:
    with urllib.request.urlopen(clouds.page, timeout=5) as page:
        assert b"stub web" in page.read()
    assert [request.reference for request in clouds.requests()] == ["web//web/page"]


@pytest.mark.parametrize("how", ["broken", "200", "302", "600"])
def test_a_mode_that_is_none_is_refused(clouds: Clouds, how: str) -> None:
    with pytest.raises(LabError, match="refuse mode"):
        clouds.mode(EVERY, how)


def test_a_question_in_no_format_is_a_bad_request(clouds: Clouds) -> None:
    for wire in FORMATS:
        assert post(clouds.url + wire.path, {"model": 5})[0] == 400
    assert post(clouds.url + "/openai/v1/elsewhere", {})[0] == 404
    assert clouds.requests() == ()


def test_clouds_that_are_not_there_are_said() -> None:
    with pytest.raises(LabError, match=r"127\.0\.0\.1:9 do not answer"):
        Clouds("http://127.0.0.1:9").reset()
