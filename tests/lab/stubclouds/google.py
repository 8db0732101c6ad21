"""Google's generateContent; the model's name and whether to stream stand in the path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .messages import TOKENS_IN, TOKENS_OUT, Answer, Event, Json, Question, Wire, joined

PATH = r"/google/v1beta/models/(?P<model>[^/:]+):(?P<verb>generateContent|streamGenerateContent)"
USAGE = {
    "promptTokenCount": TOKENS_IN,
    "candidatesTokenCount": TOKENS_OUT,
    "totalTokenCount": TOKENS_IN + TOKENS_OUT,
}
FAILURES = {
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
}
OWN_FAULT = ("INTERNAL", "An internal error has occurred.")


def read(path: str, body: Json) -> Question:
    """The question of a path and a body; tools' results are parts of the user's messages."""
    asked = re.fullmatch(PATH, path)
    if asked is None:
        raise ValueError(path)
    contents = [one["parts"] for one in body["contents"] if one.get("role", "user") in {"user", "function"}]
    tools = body.get("tools") or []
    declared = [one for tool in tools for one in tool.get("functionDeclarations", ())]
    results = [part["functionResponse"] for parts in contents for part in parts if "functionResponse" in part]
    return Question(
        model=asked["model"],
        stream=asked["verb"].startswith("stream"),
        tools=tuple(one["name"] for one in declared),
        said=joined(contents),
        results=tuple(json.dumps(result.get("response")) for result in results),
    )


def whole(question: Question, answer: Answer) -> Json:
    """The answer at once."""
    calls: list[Json] = [
        {"functionCall": {"name": call.name, "args": dict(call.arguments)}} for call in answer.calls
    ]
    parts = calls or [{"text": answer.text}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": question.model}


def stream(question: Question, answer: Answer) -> Iterator[Event]:
    """The answer in a stream, in one piece."""
    yield Event(whole(question, answer))


def failure(status: int, said: str) -> Json:
    """The body of an error."""
    kind, message = FAILURES.get(status, OWN_FAULT)
    return {"error": {"code": status, "message": said or message, "status": kind}}


GENERATE = Wire("google", PATH, "x-goog-api-key", read, stream, whole, failure)
