"""Anthropic's Messages API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .messages import TOKENS_IN, TOKENS_OUT, Answer, Event, Json, Question, Wire, joined, unique

FAILURES = {
    401: ("authentication_error", "invalid x-api-key"),
    429: ("rate_limit_error", "This request would exceed your account's rate limit."),
}
OWN_FAULT = ("api_error", "Internal server error")


def read(path: str, body: Json) -> Question:
    """The body's question; tools' results stand in the user's messages."""
    del path
    contents = [one["content"] for one in body["messages"] if one["role"] == "user"]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return Question(
        model=body["model"],
        stream=bool(body.get("stream")),
        tools=tuple(tool["name"] for tool in body.get("tools") or ()),
        said=joined(contents),
        results=joined([part.get("content") for part in parts if part["type"] == "tool_result"]),
    )


def whole(question: Question, answer: Answer) -> Json:
    """The answer at once."""
    blocks = _blocks(answer)
    return {**_message(question), "content": blocks, "stop_reason": _reason(answer), "usage": _usage()}


def stream(question: Question, answer: Answer) -> Iterator[Event]:
    """The answer in events."""
    yield _event("message_start", message=_message(question))
    for index, block in enumerate(_blocks(answer)):
        if block["type"] == "text":
            begun, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            begun = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield _event("content_block_start", index=index, content_block=begun)
        yield _event("content_block_delta", index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    end = {"stop_reason": _reason(answer), "stop_sequence": None}
    yield _event("message_delta", delta=end, usage={"output_tokens": TOKENS_OUT})
    yield _event("message_stop")


def failure(status: int, said: str) -> Json:
    """The body of an error."""
    kind, message = FAILURES.get(status, OWN_FAULT)
    return {"type": "error", "error": {"type": kind, "message": said or message}}


def _event(name: str, **data: Any) -> Event:
    return Event({"type": name, **data}, name)


def _message(question: Question) -> dict[str, Any]:
    return {
        "id": unique("msg"),
        "type": "message",
        "role": "assistant",
        "model": question.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**_usage(), "output_tokens": 1},
    }


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    calls = [
        {"type": "tool_use", "id": unique("toolu"), "name": call.name, "input": dict(call.arguments)}
        for call in answer.calls
    ]
    return calls or [{"type": "text", "text": answer.text}]


def _reason(answer: Answer) -> str:
    return "tool_use" if answer.calls else "end_turn"


def _usage() -> Json:
    return {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT}


MESSAGES = Wire("anthropic", r"/anthropic/v1/messages", "x-api-key", read, stream, whole, failure)
