"""Proof of one endpoint over HTTP: what it claims, what it loads, what it answers. Reads; changes nothing.

`/api/ps` is asked right after each model's own generation, so the proof also holds on a card where models
swap. Shapes as recorded from a real Ollama 0.32.15.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any, Literal

import httpx

from provision.catalogue import full_name
from provision.model import Frozen
from provision.rolevars import HostVars

LOAD_TIMEOUT_S = 600.0
CONNECT_TIMEOUT_S = 5.0
PROBE_TOOL = "astraeus_probe"
PROBE_NUMBER = 7
NOT_THERE = "no connection"
"""Stands in the detail of a check where the endpoint could not be reached at all."""
_NS = 1e9


class ExpectedModel(Frozen):
    """What a model must show."""

    name: str
    digest: str | None
    """sha256 (hex) of its manifest; None where nobody has pinned it."""
    context_tokens: int
    tool_call_may_fail: bool
    offloaded: bool = False
    """Whether a part of it may run on the processor."""


class Expected(Frozen):
    """What an endpoint must show."""

    host: str
    version: str
    on_gpu: bool
    models: tuple[ExpectedModel, ...]


class Check(Frozen):
    """One question and its answer."""

    what: str
    verdict: Literal["ok", "warning", "failed"]
    detail: str


class Proof(Frozen):
    """All answers of one endpoint."""

    host: str
    url: str
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.verdict != "failed" for check in self.checks)


class _UnprovenError(Exception):
    """An answer that ends the question at hand."""


def expected(
    host: str,
    variables: HostVars,
    digests: dict[str, str],
    lenient_tools: frozenset[str],
    offloaded: Collection[str] = (),
) -> Expected:
    """What the host's own role variables promise; digests are those of the served names, where known.

    Offloaded are models of which the site accepts a part on the processor.
    """
    return Expected(
        host=host,
        version=variables.ollama.ollama_version,
        on_gpu=variables.ollama.ollama_accelerator == "nvidia",
        models=tuple(
            ExpectedModel(
                name=model.name,
                digest=digests.get(full_name(model.name)),
                context_tokens=variables.ollama.ollama_context_length,
                tool_call_may_fail=model.name in lenient_tools,
                offloaded=model.name in offloaded,
            )
            for model in variables.ollama_models.ollama_models_wanted
        ),
    )


def client_for(url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client that waits for cold loads but not for a dead host, and ignores proxy settings."""
    timeout = httpx.Timeout(LOAD_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    return httpx.Client(base_url=url, timeout=timeout, transport=transport, trust_env=False)


def prove(
    wanted: Expected, url: str, client: httpx.Client, tell: Callable[[str], None] = lambda _text: None
) -> Proof:
    """Ask everything; a dead endpoint gives a Proof that does not hold, never an exception."""
    checks: list[Check] = []
    for check in _checks(wanted, client):
        checks.append(check)
        tell(f"{wanted.host}: {check.what}: {check.detail}")
    return Proof(host=wanted.host, url=url, checks=tuple(checks))


def _checks(wanted: Expected, client: httpx.Client) -> Iterator[Check]:
    version = _guarded("version", lambda: _version(client, wanted.version))
    yield version
    if version.verdict == "failed":
        return
    try:
        tags = {tag["name"]: tag for tag in _get(client, "/api/tags")["models"]}
    except (_UnprovenError, KeyError, TypeError) as error:
        yield Check(what="models", verdict="failed", detail=f"/api/tags: {error}")
        return
    for model in wanted.models:
        for what, question in (
            ("digest", lambda m=model: _digest(m, tags)),
            ("answer", lambda m=model: _generation(client, m, on_gpu=wanted.on_gpu)),
            ("tool call", lambda m=model: _tool_call(client, m)),
        ):
            check = _guarded(f"{model.name} {what}", question)
            yield check
            if check.verdict == "failed":
                break


def _guarded(what: str, question: Callable[[], tuple[Literal["ok", "warning"], str]]) -> Check:
    try:
        verdict, detail = question()
    except _UnprovenError as error:
        return Check(what=what, verdict="failed", detail=str(error))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return Check(what=what, verdict="failed", detail=f"unexpected shape: {error!r}")
    return Check(what=what, verdict=verdict, detail=detail)


def _get(client: httpx.Client, path: str, body: dict[str, Any] | None = None) -> Any:
    method = "GET" if body is None else "POST"
    try:
        answer = client.request(method, path, json=body)
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise _UnprovenError(f"{method} {client.base_url.join(path)}: {NOT_THERE}: {reason}") from None
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise _UnprovenError(f"{method} {client.base_url.join(path)}: {reason}") from None
    try:
        data = answer.json()
    except json.JSONDecodeError:
        data = {"error": answer.text[:200]}
    if answer.status_code != httpx.codes.OK or (isinstance(data, dict) and "error" in data):
        text = data.get("error", data) if isinstance(data, dict) else data
        raise _UnprovenError(f"{method} {client.base_url.join(path)}: HTTP {answer.status_code}: {text}")
    return data


def _version(client: httpx.Client, version: str) -> tuple[Literal["ok", "warning"], str]:
    got = _get(client, "/api/version")["version"]
    if got != version:
        raise _UnprovenError(f"expected {version}, the server says {got}")
    return "ok", got


def _digest(model: ExpectedModel, tags: dict[str, Any]) -> tuple[Literal["ok", "warning"], str]:
    tag = tags.get(full_name(model.name))
    if tag is None:
        raise _UnprovenError(f"not served; the host offers {', '.join(sorted(tags)) or 'nothing'}")
    digest = tag["digest"].removeprefix("sha256:")
    if model.digest is None:
        return "warning", f"{digest[:12]} (unpinned: nothing to compare it with)"
    if digest != model.digest:
        raise _UnprovenError(f"expected sha256 {model.digest[:12]}, the host serves {digest[:12]}")
    return "ok", digest[:12]


def _generation(
    client: httpx.Client, model: ExpectedModel, *, on_gpu: bool
) -> tuple[Literal["ok", "warning"], str]:
    body = {
        "model": model.name,
        "prompt": "Say in one short sentence that you are ready.",
        "stream": False,
        "options": {"temperature": 0, "seed": 1, "num_predict": 64},
    }
    answer = _get(client, "/api/generate", body)
    text = answer.get("response", "") or answer.get("thinking", "")
    if answer.get("done") is not True or not text.strip() or answer["eval_count"] < 1:
        raise _UnprovenError(f"the generation is empty: {json.dumps(answer)[:200]}")
    entry = next(
        (row for row in _get(client, "/api/ps")["models"] if row["name"] == full_name(model.name)), None
    )
    if entry is None:
        raise _UnprovenError("it answered, but /api/ps does not list it as loaded")
    if entry["context_length"] != model.context_tokens:
        raise _UnprovenError(f"context is {entry['context_length']}, expected {model.context_tokens}")
    size, size_vram = entry["size"], entry["size_vram"]
    share = 100 * size_vram // size if size else 0
    if on_gpu and (size_vram != size or size <= 0) and not (model.offloaded and share):
        raise _UnprovenError(f"only {share} % of it is on the GPU ({size_vram} of {size} bytes)")
    rate = answer["eval_count"] / max(answer["eval_duration"], 1) * _NS
    load_s = answer.get("load_duration", 0) / _NS
    place = "on the CPU" if not on_gpu else "all on the GPU" if size_vram == size else f"{share} % on the GPU"
    return "ok", f"{rate:.1f} tokens/s, loaded in {load_s:.1f} s, context {entry['context_length']}, {place}"


def _tool_call(client: httpx.Client, model: ExpectedModel) -> tuple[Literal["ok", "warning"], str]:
    tool = {
        "type": "function",
        "function": {
            "name": PROBE_TOOL,
            "description": "Reports one number back to the caller.",
            "parameters": {
                "type": "object",
                "properties": {"number": {"type": "integer", "description": "the number to report"}},
                "required": ["number"],
            },
        },
    }
    prompt = f"Call the tool {PROBE_TOOL} with number {PROBE_NUMBER}. Do not write anything else."
    body = {
        "model": model.name,
        "messages": [{"role": "user", "content": prompt}],
        "tools": [tool],
        "stream": False,
        "options": {"temperature": 0, "seed": 1, "num_predict": 512},
    }
    try:
        call = _probe_call(_get(client, "/api/chat", body))
    except _UnprovenError as error:
        if model.tool_call_may_fail:
            return "warning", f"{error} (known of this model; not used for agents that call tools)"
        raise
    return "ok", call


def _probe_call(answer: dict[str, Any]) -> str:
    calls = answer["message"].get("tool_calls") or []
    if not calls:
        wrote = answer["message"].get("content", "")[:80]
        raise _UnprovenError(f"no structured tool call; it wrote {wrote!r}")
    function = calls[0]["function"]
    number = function["arguments"].get("number")
    if function["name"] != PROBE_TOOL or str(number) != str(PROBE_NUMBER):
        raise _UnprovenError(f"wrong tool call {json.dumps(function)[:120]}")
    return f"{PROBE_TOOL}({PROBE_NUMBER})"
