"""Lets a workstation's own OpenCode answer through the file just written, and marks that it did."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pyinfra.api.host import Host

from provision.fleet.workstation.exchange import Broken, converse
from provision.fleet.workstation.facts import files_of, look_at
from provision.fleet.workstation.intent import base_urls, intend
from provision.fleet.workstation.orders import emit, order_of, run_name
from provision.fleet.workstation.reading import Lines, clean, folders_of, unpacked
from provision.fleet.workstation.replace import replace_values, replaced
from provision.fleet.workstation.routed import routed
from provision.fleet.workstation.scripts import script
from provision.fleet.workstation.shapes import Answer, Confirmed, Order

GRACE_S = 120
_SECRET = re.compile(
    r"(?i)(authorization\W*)\S.*"
    r"|(bearer\s+|sk-|(?:api[_-]?key|token|secret|password)[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+"
)
_UNSEEN = "look at the machine's network, and at what OpenCode said"


def confirm(host: Host) -> None:
    """Ask each model once (or each server for its list, where no session is wanted) and tell what came."""
    machine = host.data.machine
    try:
        outcome = _asked(host, machine)
    except Broken as broken:
        outcome = _failed(machine, broken.said, "run `verify` when the machine is there again")
    except Exception as error:  # noqa: BLE001 - pyinfra would end all machines and print what it saw
        outcome = _failed(machine, f"a fault in this program ({type(error).__name__})", "report it, please")
    emit("confirm", outcome)


def _asked(host: Host, machine: str) -> Confirmed:
    order = order_of(machine)
    if order is None:
        raise Broken("the run's folder holds no order for it")
    look = look_at(host, order)
    order = routed(order, look)
    intent = intend(files_of(host, look, order), folders_of(look), order)
    if intent.files:
        names = ", ".join(change.found.path for change in intent.files)
        return _failed(machine, f"not as published: {names}", "publish again")
    order = intent.order
    wanted = order.confirm
    values = {
        "CONFIG": intent.path,
        "SHA256": intent.sha256,
        "SESSION": "yes" if wanted.session else "no",
        "DEADLINE_S": str(wanted.deadline_s),
        "PROMPT": wanted.prompt,
        "AGENTS": "yes" if wanted.agents else "no",
        "MODELS": " ".join(f"{model}>{','.join(places(order, model))}" for model in wanted.models),
    }
    deadline_s = GRACE_S + len(wanted.models) * (wanted.deadline_s + 30)
    lines = converse(host, script("confirm", values), deadline_s=deadline_s)
    outcome = judge(machine, lines, order, intent.sha256)
    if outcome.status == "ok" and wanted.settle:
        settle = script("replace", replace_values("settle", folders_of(look), run_name()))
        _, wrong = replaced(converse(host, settle))
        if wrong is not None:
            return _failed(machine, wrong.problem, wrong.remedy, wrong.evidence)
    return outcome


def places(order: Order, model: str) -> tuple[str, ...]:
    """Return where a `provider/model` is listed: OpenCode's URL, and behind a router those of its hosts."""
    provider, _, name = model.partition("/")
    hosts = order.hosts.upstreams if order.routed and order.hosts is not None else ()
    return (base_urls(order.router)[provider], *(f"{one.url}/v1" for one in hosts if name in one.models))


def judge(machine: str, lines: Lines, order: Order, sha256: str) -> Confirmed:
    """Turn what confirm.sh said into an outcome."""
    said = dict(lines)
    if said.get("sha256") != sha256:
        return _failed(machine, "its router file changed meanwhile", "publish again")
    urls = base_urls(order.router)
    for key, value in lines:
        model, _, rest = clean(value).partition(" ")
        if key == "listed" and not rest.startswith("yes"):
            url = urls[model.split("/", 1)[0]]
            code = rest.removeprefix("no").strip()
            problem = (
                f"{url} does not offer {model} there"
                if code.startswith("200")
                else f"{url} cannot be reached from there"
            )
            return _failed(machine, problem, "look at the host, its firewall and name resolution", code)
    if not order.confirm.session:
        answers = tuple(Answer(model=model, how="listed") for model in order.confirm.models)
        return Confirmed(machine=machine, status="ok", answers=answers, sha256=sha256)
    if not said.get("opencode"):
        return _failed(machine, "no OpenCode is there to ask", "install it, or let the site install it")
    return _agents(machine, lines, order) or _sessions(machine, lines, order, sha256)


def _agents(machine: str, lines: Lines, order: Order) -> Confirmed | None:
    """Tell what is wrong with the agents; a plugin that is not loaded leaves OpenCode silent about it."""
    if not order.confirm.agents:
        return None
    rest, _, noise = dict(lines).get("agents", "").partition(" ")
    evidence = scrubbed(unpacked(noise).decode("utf-8", "replace").splitlines())
    if rest != "0":
        return _failed(
            machine, f"OpenCode does not read its configuration (exit status {rest})", _UNSEEN, evidence
        )
    seen: dict[str, str] = {}
    for key, value in lines:
        if key == "agent":
            model, _, name = clean(value).partition(" ")
            seen[name] = model
    missing = sorted(set(order.confirm.agents) - set(seen))
    if missing:
        names = ", ".join(missing)
        return _failed(
            machine, f"OpenCode knows no agent {names}", "see why the plugin is not loaded there", evidence
        )
    wrong = [
        f"{name} has {seen[name]}, not {model}"
        for name, model in order.confirm.agents.items()
        if seen[name] != model
    ]
    if wrong:
        remedy = "a project's or an administrator's configuration overrules it there"
        return _failed(machine, f"OpenCode gives {wrong[0]}", remedy, "\n".join(wrong[1:]))
    return None


def _sessions(machine: str, lines: Lines, order: Order, sha256: str) -> Confirmed:
    answers: list[Answer] = []
    for key, value in lines:
        if key != "answer":
            continue
        model, code, took, events, noise = value.split(" ", 4)
        text, errors = spoken(unpacked(events).decode("utf-8", "replace"))
        if code != "0" or not text:
            why = f"did not answer within {order.confirm.deadline_s} s" if code == "124" else "did not answer"
            evidence = scrubbed([*errors, *unpacked(noise).decode("utf-8", "replace").splitlines()])
            return _failed(machine, f"OpenCode {why} with {model} (exit status {code})", _UNSEEN, evidence)
        answers.append(Answer(model=model, how="session", text=text, seconds=float(took)))
    if len(answers) != len(order.confirm.models):
        return _failed(machine, "not every model was asked", "run `verify`")
    agents = len(order.confirm.agents)
    return Confirmed(machine=machine, status="ok", answers=tuple(answers), agents=agents, sha256=sha256)


def spoken(events: str) -> tuple[str, list[str]]:
    """Return the text that the model said, and OpenCode's own errors, from its JSON events."""
    text, errors = "", []
    for line in events.splitlines():
        try:
            event = json.loads(line)
            if event["type"] == "text":
                text += event["part"]["text"]
            elif event["type"] == "error":
                data = event["error"].get("data", {})
                errors.append(str(data.get("message") or event["error"].get("name")))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return clean(text), errors


def scrubbed(lines: Sequence[str]) -> str:
    """Return evidence without anything that looks like a secret."""
    return "\n".join(
        _SECRET.sub(lambda found: (found[1] or found[2]) + "***", clean(line))[:300] for line in lines[-12:]
    )


def _failed(machine: str, problem: str, remedy: str, evidence: str = "") -> Confirmed:
    return Confirmed(machine=machine, status="failed", problem=problem, remedy=remedy, evidence=evidence)
