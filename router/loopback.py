"""The loopback router: the configuration of each workstation's HAProxy before the site's hosts. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field, StringConstraints

from router.endpoint import Frozen

WORD = "astraeus-router"
"""What our router says of itself, so that nobody takes another process on the port for it."""
STATUS_PATH = "/-/router"
NAMES = "# names:"
"""Before the names that the supervising script looks up."""
CONNECT_S = 2
CHECKS = (
    "check inter 5s fastinter 1s downinter 2s fall 2 rise 1 observe layer4 error-limit 1 on-error mark-down"
)
"""Fifty laptops look at each host. One failed connection takes a host out until a look finds it well."""
BODY_BYTES = 1 << 20
"""Requests up to this size can be asked again of another host."""
MOMENT_S = 2
"""OpenCode asks again a millisecond after the one answer, before the plugin goes on: no host gets that.

A model that no host answered for is closed that long; where a host failed at a question, that question alone.
"""
SILENCE_S = 300
"""How long a stream that began may pause: as long as OpenCode waits."""
BASE_S, PER_GB_S, MOST_S = 30, 3, 86
_ASKING = "/v1/ /api/chat /api/generate /api/embed /api/show"
_RETRIED = "conn-failure empty-response 404 500 502 503 504"
_JUST_FAILED = "{ var(txn.question),in_table(questions) }"
_HASH = "{hash}"

Model = Annotated[str, StringConstraints(pattern=r"^[^\s'\"\\%]+$")]


class Upstream(Frozen):
    """One host of the pool."""

    name: str
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]+$")]
    """Name or address."""
    port: int = Field(ge=1, le=65535)
    models: tuple[Model, ...]
    slots: int = Field(ge=1)
    """Requests that it answers at once."""

    @property
    def address(self) -> str:
        """With its port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """As in http://gpu-server.local:11434."""
        return f"http://{self.address}"


class Loopback(Frozen):
    """What one workstation's router pools."""

    port: int = Field(ge=1, le=65535)
    upstreams: tuple[Upstream, ...]
    first_byte_s: Mapping[Model, Annotated[int, Field(ge=1)]]
    """By model: how long a host may take to begin its answer, loading included."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names that must be looked up; addresses are none."""
        return tuple(dict.fromkeys(one.host for one in self.upstreams if not _is_address(one.host)))


def first_byte_s(size_bytes: int) -> int:
    """Return the limit for a model of that size: half a minute, and what loading it takes from a slow disk.

    Never more than the plugin waits: after 90 s of silence it asks the next model by itself.
    """
    return min(MOST_S, BASE_S + round(PER_GB_S * size_bytes / 1e9))


def config_hash(loopback: Loopback) -> str:
    """Name a configuration, so that it can be told which one is running."""
    return sha256(_config(loopback).encode()).hexdigest()[:16]


def haproxy_config(loopback: Loopback) -> str:
    """Return HAProxy's configuration (2.4 or newer)."""
    return _config(loopback).replace(_HASH, config_hash(loopback), 1)


def _config(loopback: Loopback) -> str:
    groups = _groups(loopback)
    lines = [
        "# Written by astraeus-provision; it is written anew from the site.",
        " ".join((NAMES, *loopback.names)),
        "global",
        f"  tune.bufsize {BODY_BYTES}",
        "  maxconn 200",
        "  hard-stop-after 30m",
        "defaults",
        "  mode http",
        "  no log",
        f"  timeout connect {CONNECT_S}s",
        f"  timeout check {CONNECT_S * 2}s",
        "  timeout client 1h",
        "  timeout http-request 30s",
        "  timeout http-keep-alive 60s",
        f"  timeout server {BASE_S}s",
        f"  timeout queue {BASE_S}s",
        "  option http-buffer-request",
        "  # A kept connection that a host closed meanwhile would cost a question; a client's kept one ends",
        "  # in silence where a host breaks off, and OpenCode would wait before it goes on.",
        "  option httpclose",
        "  # Who breaks off frees the host.",
        "  option abortonclose",
        "  option redispatch 1",
        "  option httpchk GET /api/tags",
        "  http-check expect status 200",
        "  balance leastconn",
        "  default-server init-addr last,libc,none",
        f"  http-error {_answer('the host broke the connection off', 502)}",
        f"  http-error {_answer('no host is reachable', 503)}",
        f"  http-error {_answer('no answer in time', 504)}",
        *_frontend(loopback, groups),
        "backend questions",
        f"  stick-table type integer size 10k expire {MOMENT_S}s",
        "backend nobody",
        f"  http-request return {_answer('no host serves that model')}",
        "backend hosts",
        *(
            f"  server {_id(at)} {one.address} {_health(at, groups)}"
            for at, one in enumerate(loopback.upstreams)
        ),
    ]
    numbers = {model: at for at, model in enumerate(model for models in groups.values() for model in models)}
    for number, (serving, models) in enumerate(groups.items()):
        lines += _pool(number, serving, models, loopback)
        for model in models:
            noted = f"set-var({_failed(numbers[model])}) date"
            apart = "!{ var(txn.own_fault) -m found }"
            lines.append(f"  http-after-response {noted} if {{ status 500:599 }} {_asks(model)} {apart}")
    return "\n".join(lines) + "\n"


_Groups = Mapping[tuple[int, ...], tuple[str, ...]]


def _groups(loopback: Loopback) -> _Groups:
    """Put models that the same hosts serve together.

    They share one backend: HAProxy takes a host out at its first failed connection only where that backend
    itself looks after the host, and a backend for each model would look three times as often.
    """
    groups: dict[tuple[int, ...], tuple[str, ...]] = {}
    for model in loopback.first_byte_s:
        serving = tuple(at for at, one in enumerate(loopback.upstreams) if model in one.models)
        if serving:
            groups[serving] = (*groups.get(serving, ()), model)
    return groups


def _frontend(loopback: Loopback, groups: _Groups) -> list[str]:
    said = f"string '{WORD} {_HASH}' if {{ path {STATUS_PATH} }}"
    only = {"message": "this router passes questions only: models are managed on the hosts"}
    lines = [
        "frontend opencode",
        f"  bind 127.0.0.1:{loopback.port}",
        "  acl asking method GET HEAD OPTIONS",
        f"  acl asking path_beg {_ASKING}",
        "  # A web page that takes this address as its own is not answered.",
        "  http-request deny deny_status 403 unless { req.hdr(host),field(1,:) -m str 127.0.0.1 localhost }",
        f"  http-request return status 200 content-type text/plain {said}",
        f"  http-request return {_json(403, {'error': only})} unless asking",
        "  http-request set-var(txn.model) req.body,json_query('$.model')",
        "  http-request set-var(txn.question) req.body,xxh32",
        f"  http-request return {_answer('a host failed at that a moment ago')} if {_JUST_FAILED}",
    ]
    for number, model in enumerate(model for models in groups.values() for model in models):
        limit = loopback.first_byte_s[model]
        lines.append(f"  http-request set-var(txn.limit_s) int({limit}) if {_asks(model)}")
        failed = f"{{ date,sub({_failed(number)}) lt {MOMENT_S} }}"
        known = f"{{ var({_failed(number)}) -m found }}"
        just_now = _answer("no host answered a moment ago")
        lines.append(f"  http-request return {just_now} if {_asks(model)} {known} {failed}")
    return [
        *lines,
        *(f"  use_backend pool{number} if {_asks(*models)}" for number, models in enumerate(groups.values())),
        "  acl names_model var(txn.model) -m found",
        "  use_backend nobody if METH_POST names_model { path_beg /v1/ /api/chat /api/generate }",
        "  default_backend hosts",
        "  http-after-response set-status 503 if { status 502 504 }",
    ]


def _pool(number: int, serving: tuple[int, ...], models: tuple[str, ...], loopback: Loopback) -> list[str]:
    """The hosts that serve the same models: another of them is asked before a question is given up.

    Not where one was silent for the whole limit: that would be twice the wait.
    """
    waits = min(loopback.first_byte_s[model] for model in models)
    late = _answer("the host did not begin to answer within %[var(txn.limit_s)] s", 504, "lf-string")
    return [
        f"backend pool{number}",
        "  http-request set-timeout server var(txn.limit_s),mul(1000)",
        ".if version_atleast(2.9.0)",
        f"  http-response set-timeout server {SILENCE_S}s",
        ".endif",
        f"  timeout queue {waits}s",
        f"  retries {len(serving) - 1}",
        ".if version_atleast(3.1.0)",
        f"  retry-on {_RETRIED} 429",
        ".else",
        f"  retry-on {_RETRIED}",
        ".endif",
        f"  http-error {_answer('no host that serves the model is reachable, or none became free', 503)}",
        f"  http-error {late}",
        "  http-response track-sc0 var(txn.question) table questions if { status 500 }",
        "  http-response set-var(txn.own_fault) bool(true) if { status 500 }",
        *(
            f"  http-response return {_answer(f'the host answered {said}')} if {{ status {status} }}"
            for status, said in (
                ("404", "404: it does not have the model"),
                ("429", "429: it is busy"),
                ("503", "503: it is busy"),
                ("500", "500: its own fault, as when its memory is full"),
                ("501:599", "with a fault of its own"),
            )
        ),
        *(
            f"  server {_id(at)} {one.address} {CHECKS} maxconn {one.slots}"
            for at, one in enumerate(loopback.upstreams)
            if at in serving
        ),
    ]


def _answer(why: str, status: int = 503, kind: str = "string") -> str:
    """The one answer that makes the agents' own chains go on at once, in HAProxy's words."""
    message = f"service unavailable, try again: the GPU pool cannot answer ({why})"
    said = _json(status, {"error": {"message": message, "type": "server_error"}}, kind)
    return f"{said} hdr retry-after-ms 1"


def _json(status: int, body: Mapping[str, object], kind: str = "string") -> str:
    return f"status {status} content-type application/json {kind} '{json.dumps(body, separators=(',', ':'))}'"


def _failed(number: int) -> str:
    """When the pool failed a model, by the model's place in the configuration."""
    return f"proc.failed{number}"


def _asks(*models: str) -> str:
    return f"{{ var(txn.model) -m str {' '.join(name for model in models for name in _spellings(model))} }}"


def _spellings(model: str) -> tuple[str, ...]:
    """A name without a tag means `latest`."""
    if ":" not in model:
        return (model, f"{model}:latest")
    return (model, model.removesuffix(":latest")) if model.endswith(":latest") else (model,)


def _health(at: int, groups: _Groups) -> str:
    """Nobody looks at a host twice for the questions that name no model."""
    pools = (number for number, serving in enumerate(groups) if at in serving)
    number = next(pools, None)
    return CHECKS if number is None else f"track pool{number}/{_id(at)}"


def _id(number: int) -> str:
    return f"host{number}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
