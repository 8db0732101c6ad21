"""OpenAI's chat completions, and how OpenAI says that it failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .messages import TOKENS_IN, TOKENS_OUT, Answer, Event, Json, Question, Wire, joined, unique

USAGE = {
    "prompt_tokens": TOKENS_IN,
    "completion_tokens": TOKENS_OUT,
    "total_tokens": TOKENS_IN + TOKENS_OUT,
}
FAILURES = {
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    429: ("Rate limit reached for requests", "requests", "rate_limit_exceeded"),
}
OWN_FAULT = ("The server had an error while processing your request. Sorry about that!", "server_error", None)


def read(path: str, body: Json) -> Question:
    """The body's question."""
    del path
    messages = body["messages"]
    return Question(
        model=body["model"],
        stream=bool(body.get("stream")),
        tools=tuple(tool["function"]["name"] for tool in body.get("tools") or ()),
        said=joined([one["content"] for one in messages if one["role"] == "user"]),
        results=joined([one["content"] for one in messages if one["role"] == "tool"]),
    )


def whole(question: Question, answer: Answer) -> Json:
    """The answer at once."""
    message = {"role": "assistant", "content": answer.text or None, **_calls(answer)}
    choice = {"index": 0, "message": message, "finish_reason": _reason(answer)}
    return {**_about(question, "chat.completion"), "choices": [choice], "usage": USAGE}


def stream(question: Question, answer: Answer) -> Iterator[Event]:
    """The answer in pieces."""
    about = _about(question, "chat.completion.chunk")
    calls = _calls(answer, indexed=True)
    deltas = [{"role": "assistant", "content": ""}, calls or {"content": answer.text}]
    for delta in deltas:
        yield Event({**about, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    end = {"index": 0, "delta": {}, "finish_reason": _reason(answer)}
    yield Event({**about, "choices": [end]})
    yield Event({**about, "choices": [], "usage": USAGE})
    yield Event("[DONE]")


def failure(status: int, said: str) -> Json:
    """The body of an error."""
    message, kind, code = FAILURES.get(status, OWN_FAULT)
    return {"error": {"message": said or message, "type": kind, "param": None, "code": code}}


def _about(question: Question, kind: str) -> dict[str, Any]:
    return {"id": unique("chatcmpl"), "object": kind, "created": 0, "model": question.model}


def _calls(answer: Answer, *, indexed: bool = False) -> dict[str, Any]:
    calls = [
        {
            **({"index": number} if indexed else {}),
            "id": unique("call"),
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for number, call in enumerate(answer.calls)
    ]
    return {"tool_calls": calls} if calls else {}


def _reason(answer: Answer) -> str:
    return "tool_calls" if answer.calls else "stop"


CHAT = Wire("openai", r"/openai/v1/chat/completions", "authorization", read, stream, whole, failure)
