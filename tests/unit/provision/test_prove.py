"""The proof of an endpoint, against answers as a real Ollama 0.32.15 gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from provision.prove import Expected, ExpectedModel, Proof, client_for, prove

DIGEST = "a" * 64
MODEL = ExpectedModel(name="qwen3-coder-32k", digest=DIGEST, context_tokens=32768, tool_call_may_fail=False)
EXPECTED = Expected(host="gpu", version="0.32.15", on_gpu=True, models=(MODEL,))


def answers() -> dict[str, Any]:
    name = "qwen3-coder-32k:latest"
    call = {"function": {"index": 0, "name": "astraeus_probe", "arguments": {"number": 7}}}
    return {
        "/api/version": {"version": "0.32.15"},
        "/api/tags": {"models": [{"name": name, "digest": DIGEST}]},
        "/api/ps": {"models": [{"name": name, "size": 10, "size_vram": 10, "context_length": 32768}]},
        "/api/generate": {
            "response": " the model is ready",
            "done": True,
            "eval_count": 5,
            "eval_duration": 250_000_000,
            "load_duration": 2_000_000_000,
        },
        "/api/chat": {"message": {"role": "assistant", "content": "", "tool_calls": [call]}, "done": True},
    }


def proof(
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    wanted: Expected = EXPECTED,
    status: int = 200,
) -> Proof:
    table = answers()
    change(table)

    def answer(request: httpx.Request) -> httpx.Response:
        body = table[request.url.path]
        if isinstance(body, Exception):
            raise body
        return httpx.Response(status, text=body if isinstance(body, str) else json.dumps(body))

    with client_for("http://gpu:11434", httpx.MockTransport(answer)) as client:
        return prove(wanted, "http://gpu:11434", client)


def test_a_right_endpoint_is_proven_with_figures() -> None:
    result = proof()
    assert result.holds
    by_name = {check.what: check.detail for check in result.checks}
    assert by_name["qwen3-coder-32k answer"] == (
        "20.0 tokens/s, loaded in 2.0 s, context 32768, all on the GPU"
    )
    assert by_name["qwen3-coder-32k tool call"] == "astraeus_probe(7)"


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "other version": (lambda t: t["/api/version"].update(version="0.31.0"), "the server says 0.31.0"),
    "not http": (lambda t: t.update({"/api/version": "<html>"}), "<html>"),
    "no answer": (lambda t: t.update({"/api/version": httpx.ConnectError("refused")}), "refused"),
    "model missing": (lambda t: t["/api/tags"].update(models=[]), "not served"),
    "other digest": (lambda t: t["/api/tags"]["models"][0].update(digest="b" * 64), "expected sha256 aaaa"),
    "4k context": (lambda t: t["/api/ps"]["models"][0].update(context_length=4096), "context is 4096"),
    "on the CPU": (lambda t: t["/api/ps"]["models"][0].update(size_vram=0), "only 0 % of it is on the GPU"),
    "split": (lambda t: t["/api/ps"]["models"][0].update(size_vram=6), "only 60 % of it"),
    "not loaded": (lambda t: t["/api/ps"].update(models=[]), "does not list it"),
    "empty": (lambda t: t["/api/generate"].update(response=" "), "the generation is empty"),
    "error in 200": (lambda t: t.update({"/api/generate": {"error": "out of memory"}}), "out of memory"),
    "no tool call": (lambda t: t["/api/chat"].update(message={"content": "7"}), "no structured tool call"),
    "wrong number": (
        lambda t: t["/api/chat"]["message"]["tool_calls"][0]["function"].update(arguments={"number": 8}),
        "wrong tool call",
    ),
    "other shape": (lambda t: t["/api/ps"].update(models=[{"name": "qwen3-coder-32k:latest"}]), "shape"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_the_proof_and_is_named(fault: str) -> None:
    change, words = FAULTS[fault]
    result = proof(change)
    assert not result.holds
    assert words in " ".join(check.detail for check in result.checks if check.verdict == "failed")


def test_an_http_error_is_quoted() -> None:
    result = proof(lambda t: t.update({"/api/version": {"error": "server busy"}}), status=503)
    assert "HTTP 503: server busy" in result.checks[0].detail


def test_a_known_weakness_in_tool_calls_is_a_warning() -> None:
    lenient = EXPECTED.model_copy(update={"models": (MODEL.model_copy(update={"tool_call_may_fail": True}),)})
    result = proof(lambda t: t["/api/chat"].update(message={"content": "seven"}), lenient)
    assert result.holds
    assert [check.verdict for check in result.checks][-1] == "warning"


def test_an_unpinned_digest_is_said() -> None:
    unpinned = EXPECTED.model_copy(update={"models": (MODEL.model_copy(update={"digest": None}),)})
    result = proof(wanted=unpinned)
    assert result.holds
    assert "unpinned" in result.checks[1].detail


def test_a_cpu_host_needs_no_gpu_memory() -> None:
    result = proof(
        lambda t: t["/api/ps"]["models"][0].update(size_vram=0),
        EXPECTED.model_copy(update={"on_gpu": False}),
    )
    assert result.holds


def test_a_model_that_may_be_offloaded_must_still_use_the_gpu() -> None:
    offloaded = MODEL.model_copy(update={"offloaded": True})
    wanted = EXPECTED.model_copy(update={"models": (offloaded,)})
    split = proof(lambda table: table["/api/ps"]["models"][0].update(size_vram=6), wanted)
    assert split.holds
    assert any(check.detail.endswith("60 % on the GPU") for check in split.checks)
    assert not proof(lambda table: table["/api/ps"]["models"][0].update(size_vram=0), wanted).holds
