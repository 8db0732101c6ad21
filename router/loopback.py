"""The loopback router: each workstation's HAProxy in front of the site's hosts, as its files. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from ipaddress import ip_address

from pydantic import Field

from router.endpoint import Frozen

WORD = "astraeus-router"
"""What our router says of itself, so that nobody takes another process on the port for it."""
STATUS_PATH = "/-/router"
CONNECT_S = 2
CHECK_UP_S, CHECK_DOWN_S = 5, 2
"""Between two looks at a host that is well, and at one that is not; fifty laptops look at each."""
BODY_BYTES = 1 << 20
"""Requests up to this size can be asked again of another host."""
RETRIED = "conn-failure empty-response 404 500 502 503 504"
ANSWERS_OF_FAULT = "404 429 500:599"
BASE_S, PER_GB_S, MOST_S = 30, 3, 86


class Upstream(Frozen):
    """One host of the pool."""

    name: str
    host: str
    """Name or address."""
    port: int
    models: tuple[str, ...]
    slots: int = Field(ge=1)
    """Requests that it answers at once."""


class Loopback(Frozen):
    """What one workstation's router pools."""

    port: int
    upstreams: tuple[Upstream, ...]
    first_byte_s: Mapping[str, int]
    """By model: how long a host may take to begin its answer, queueing and loading included."""

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
    return sha256(loopback.model_dump_json().encode()).hexdigest()[:16]


def haproxy_config(loopback: Loopback) -> str:
    """Return HAProxy's configuration (2.4 or newer)."""
    models = list(loopback.first_byte_s)
    said = f"string '{WORD} {config_hash(loopback)}' if {{ path {STATUS_PATH} }}"
    checks = f"check inter {CHECK_UP_S}s fastinter 1s downinter {CHECK_DOWN_S}s fall 2 rise 1"
    lines = [
        "# Written by astraeus-provision; it is written anew from the site.",
        "global",
        f"  tune.bufsize {BODY_BYTES}",
        "  maxconn 200",
        "  hard-stop-after 10m",
        "defaults",
        "  mode http",
        "  no log",
        f"  timeout connect {CONNECT_S}s",
        "  timeout client 1h",
        "  timeout http-request 30s",
        "  timeout http-keep-alive 60s",
        f"  timeout server {MOST_S}s",
        f"  timeout queue {MOST_S}s",
        "  option http-buffer-request",
        "  option redispatch 1",
        "  balance leastconn",
        "  default-server init-addr last,libc,none",
        *_errors(
            "no host of the pool is reachable", "the host broke the connection off", "no answer in time"
        ),
        "frontend opencode",
        f"  bind 127.0.0.1:{loopback.port}",
        f"  http-request return status 200 content-type text/plain {said}",
        "  http-request set-var(txn.model) req.body,json_query('$.model')",
    ]
    for number, model in enumerate(models):
        lines.append(
            f"  use_backend model{number} if {{ var(txn.model) -m str {' '.join(_spellings(model))} }}"
        )
    lines += [
        "  acl asks_model var(txn.model) -m found",
        "  use_backend nobody if asks_model { method POST } { path_beg /v1/ /api/generate /api/chat }",
        "  default_backend hosts",
        "backend nobody",
        f"  http-request return {_answer('no host serves that model')}",
        "backend hosts",
        "  option httpchk GET /api/tags",
        "  http-check expect status 200",
        f"  default-server {checks} observe layer4 error-limit 1 on-error mark-down",
        *(f"  server {_id(number)} {_address(one)}" for number, one in enumerate(loopback.upstreams)),
    ]
    for number, model in enumerate(models):
        lines += _model(number, model, loopback)
    return "\n".join(lines) + "\n"


def _model(number: int, model: str, loopback: Loopback) -> list[str]:
    """One model's backend: only the hosts that serve it, another of them asked before it is given up."""
    limit = loopback.first_byte_s[model]
    serving = [(at, one) for at, one in enumerate(loopback.upstreams) if model in one.models]
    late = f"the host did not begin to answer within {limit} s"
    return [
        f"backend model{number}",
        f"  timeout server {limit}s",
        f"  timeout queue {limit}s",
        f"  retries {len(serving) - 1}",
        f"  retry-on {RETRIED}",
        *_errors("no host that serves the model is reachable", "the host broke the connection off", late),
        *(
            f"  http-response return {_answer(f'the host answered {said}')} if {{ status {status} }}"
            for status, said in (
                ("404", "404: it does not have the model"),
                ("429", "429: it is busy"),
                ("503", "503: it is busy"),
                ("500:599", "with a fault of its own"),
            )
        ),
        *(
            f"  server {_id(at)} {_address(one)} track hosts/{_id(at)} maxconn {one.slots}"
            for at, one in serving
        ),
    ]


def _errors(unreachable: str, broken: str, late: str) -> list[str]:
    return [
        f"  http-error {_answer(text, status)}"
        for status, text in ((502, broken), (503, unreachable), (504, late))
    ]


def _answer(why: str, status: int = 503) -> str:
    """The one answer that makes the agents' own chains go on at once, in HAProxy's words."""
    message = f"service unavailable, try again: the GPU pool cannot answer ({why})"
    body = json.dumps({"error": {"message": message, "type": "server_error"}}, separators=(",", ":"))
    return f"status {status} content-type application/json string '{body}' hdr retry-after-ms 1"


def _spellings(model: str) -> tuple[str, ...]:
    """A name without a tag means `latest`."""
    if ":" not in model:
        return (model, f"{model}:latest")
    return (model, model.removesuffix(":latest")) if model.endswith(":latest") else (model,)


def _id(number: int) -> str:
    return f"host{number}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _address(one: Upstream) -> str:
    return f"[{one.host}]:{one.port}" if ":" in one.host else f"{one.host}:{one.port}"


def supervisor() -> str:
    """Return the script that runs HAProxy."""
    return (files("router") / "units" / "router.sh").read_text("utf-8")


def systemd_unit(script: str, haproxy: str, config: str, names: Sequence[str]) -> str:
    """Return the user unit; it runs while its user is logged in, or always where she lingers."""
    words = " ".join(_systemd_word(word) for word in ("/bin/sh", script, haproxy, config, *names))
    return "\n".join(
        [
            "# Written by astraeus-provision; it is written anew from the site.",
            "[Unit]",
            "Description=Loopback router to the team's GPU hosts",
            "[Service]",
            f"ExecStart={words}",
            "Restart=always",
            "RestartSec=2",
            "NoNewPrivileges=yes",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def _systemd_word(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") + '"'
