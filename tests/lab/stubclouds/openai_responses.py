"""OpenAI's Responses API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .messages import TOKENS_IN, TOKENS_OUT, Answer, Call, Event, Json, Question, Wire, joined, unique
from .openai_chat import failure


def read(path: str, body: Json) -> Question:
    """The body's question."""
    del path
    asked = body["input"]
    items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
    return Question(
        model=body["model"],
        stream=bool(body.get("stream")),
        tools=tuple(tool.get("name", tool["type"]) for tool in body.get("tools") or ()),
        said=joined([item["content"] for item in items if item.get("role") == "user"]),
        results=joined([item["output"] for item in items if item.get("type") == "function_call_output"]),
    )


def whole(question: Question, answer: Answer) -> Json:
    """The answer at once."""
    items = [_call(call) for call in answer.calls] or [_message(answer.text)]
    return _response(question, status="completed", output=items, usage=_usage())


def stream(question: Question, answer: Answer) -> Iterator[Event]:
    """The answer in events."""
    opened = _response(question, status="in_progress", output=[])
    yield _event("response.created", response=opened)
    items = [_call(call) for call in answer.calls] or [_message(answer.text)]
    for index, item in enumerate(items):
        parts = _call_events(item, index) if answer.calls else _text_events(item, index, answer.text)
        yield from parts
        yield _event("response.output_item.done", output_index=index, item=item)
    done = {**opened, "status": "completed", "output": items, "usage": _usage()}
    yield _event("response.completed", response=done)


def _call_events(item: Json, index: int) -> Iterator[Event]:
    begun = {**item, "arguments": "", "status": "in_progress"}
    yield _event("response.output_item.added", output_index=index, item=begun)
    place = {"item_id": item["id"], "output_index": index}
    yield _event("response.function_call_arguments.delta", **place, delta=item["arguments"])
    yield _event("response.function_call_arguments.done", **place, arguments=item["arguments"])


def _text_events(item: Json, index: int, text: str) -> Iterator[Event]:
    begun = {**item, "content": [], "status": "in_progress"}
    yield _event("response.output_item.added", output_index=index, item=begun)
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = {"type": "output_text", "text": "", "annotations": []}
    yield _event("response.content_part.added", **place, part=empty)
    yield _event("response.output_text.delta", **place, delta=text)
    yield _event("response.output_text.done", **place, text=text)
    yield _event("response.content_part.done", **place, part={**empty, "text": text})


def _event(name: str, **data: Any) -> Event:
    return Event({"type": name, **data}, name)


def _response(question: Question, **more: Any) -> dict[str, Any]:
    about = {"id": unique("resp"), "object": "response", "created_at": 0, "model": question.model}
    return {**about, **more}


def _call(call: Call) -> Json:
    return {
        "type": "function_call",
        "id": unique("fc"),
        "call_id": unique("call"),
        "name": call.name,
        "arguments": json.dumps(call.arguments),
        "status": "completed",
    }


def _message(text: str) -> Json:
    return {
        "type": "message",
        "id": unique("msg"),
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }


def _usage() -> Json:
    return {
        "input_tokens": TOKENS_IN,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": TOKENS_OUT,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": TOKENS_IN + TOKENS_OUT,
    }


RESPONSES = Wire("openai", r"/openai/v1/responses", "authorization", read, stream, whole, failure)
