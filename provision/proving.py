"""The gate between hosts and workstations: every endpoint is proven, and closed to who is not admitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from shlex import join

import httpx

from provision.addresses import resolves
from provision.catalogue import full_name
from provision.drift import NOT_SEEN
from provision.endpoints import endpoint
from provision.engines.openssh import OffList, probe_off_list, tunnel
from provision.errors import EngineError, ProofError
from provision.facts import HostFacts
from provision.operation import Goal, Operation
from provision.outcomes import Kind
from provision.parallel import at_once, later
from provision.plan import HostPlan
from provision.progress import step
from provision.prove import NOT_THERE, Expected, Proof, client_for, expected, prove

THROUGH_SSH = " (through SSH)"


def prove_hosts(
    operation: Operation,
    plans: Sequence[HostPlan],
    facts: Mapping[str, HostFacts],
    sudo_passwords: Mapping[str, str],
) -> None:
    """Prove all hosts at once; ProofError names every answer that was wrong."""
    if not plans:
        return
    with step(operation.terminal.progress, f"Prove {', '.join(plan.name for plan in plans)}") as summary:
        probing = later(
            [partial(probe_host, operation, plan, sudo_passwords.get(plan.name)) for plan in plans]
        )
        proofs = at_once([partial(prove_host, operation, plan, facts[plan.name]) for plan in plans])
        probes = probing()
        failures = _drifted(operation, plans)
        for proof, probe in zip(proofs, probes, strict=True):
            failures += _record(operation, proof, probe)
        if failures:
            raise ProofError(
                failures[0],
                evidence="\n".join(failures[1:]),
                changed=f"{operation.outcomes.changed_text()} No workstation was touched.",
                remedy="see `journalctl -u ollama -n 50` there; `astraeus-provision verify` proves again",
            )
        summary.append(f"{sum(len(proof.checks) for proof in proofs)} answers")


def _drifted(operation: Operation, plans: Sequence[HostPlan]) -> list[str]:
    """For `verify`, what differs from the site is no proof of it, even where the host still answers well."""
    if operation.goal is not Goal.VERIFY:
        return []
    differing = []
    for plan in plans:
        if NOT_SEEN in plan.differences:
            operation.outcomes.add("prove", plan.name, "warning", "not compared with the site: no root there")
        seen = [text for text in plan.differences if text != NOT_SEEN]
        differing += [f"{plan.name}: differs from the site: {text}" for text in seen]
    return differing


def prove_host(operation: Operation, plan: HostPlan, facts: HostFacts) -> Proof:
    """Ask one host everything; EngineError where not even a way to it can be had."""
    catalogue = operation.catalogue
    lenient = frozenset(model.name for model in catalogue.models if model.tool_call_may_fail)
    wanted = expected(plan.name, plan.variables, digests(plan, facts), lenient, plan.offloaded)
    with _way_to(operation, plan) as (url, client):
        proof = prove(wanted, url, client, operation.tell)
    if url.endswith(THROUGH_SSH) or operation.ways[plan.name].here or NOT_THERE not in proof.checks[0].detail:
        return proof
    return _explained(operation, plan, proof)


def _explained(operation: Operation, plan: HostPlan, proof: Proof) -> Proof:
    """Where the port does not answer from here but does on the host itself, something in between drops it."""
    try:
        with _through_ssh(operation, plan) as client:
            answers = prove(Expected(host=plan.name, version="", on_gpu=False, models=()), "", client)
    except EngineError:
        return proof
    if NOT_THERE in answers.checks[0].detail:
        return proof
    first = proof.checks[0]
    hint = "; on the host itself it answers: look at `nft list ruleset` there, and at firewalls in between"
    return proof.model_copy(update={"checks": (first.model_copy(update={"detail": first.detail + hint}),)})


def digests(plan: HostPlan, facts: HostFacts) -> dict[str, str]:
    """sha256 (hex) by served name: by the host's own ledger, and pins of models served as they are."""
    ledger = facts.live.ledger if facts.live is not None else None
    found = {name: entry.digest for name, entry in (ledger or {}).items()}
    for model in plan.variables.ollama_models.ollama_models_wanted:
        if model.num_ctx is None and model.base_digest is not None:
            found[full_name(model.name)] = model.base_digest
    return found


@contextmanager
def _way_to(operation: Operation, plan: HostPlan) -> Iterator[tuple[str, httpx.Client]]:
    """A client at the advertised URL; through SSH where the operator is not admitted or cannot resolve it."""
    url = endpoint(operation.site.host(plan.name), operation.catalogue).url
    name = httpx.URL(url).host
    way = operation.ways[plan.name]
    if plan.admission.operator is not False and way.proxy_command is None and resolves(name):
        with client_for(url) as client:
            yield url, client
        return
    with _through_ssh(operation, plan) as client:
        yield f"{url}{THROUGH_SSH}", client


@contextmanager
def _through_ssh(operation: Operation, plan: HostPlan) -> Iterator[httpx.Client]:
    port = plan.variables.ollama.ollama_port
    with tunnel(operation.ways[plan.name], port, lambda argv: operation.log(join(argv))) as path:
        transport = httpx.HTTPTransport(uds=str(path))
        with client_for(f"http://127.0.0.1:{port}", transport) as client:
            yield client


def probe_host(operation: Operation, plan: HostPlan, password: str | None) -> OffList:
    """See from an address off the list whether its port is closed."""
    port = plan.variables.ollama.ollama_port
    way = operation.ways[plan.name]
    return probe_off_list(way, port, password, lambda argv: operation.log(join(argv)))


def _record(operation: Operation, proof: Proof, probe: OffList) -> list[str]:
    """Keep what was proven; returns what was not, as sentences that name the machine."""
    failures = []
    for check in proof.checks:
        if check.verdict == "failed":
            failures.append(f"{proof.host}: {check.what} at {proof.url}: {check.detail}")
        else:
            kind: Kind = "proven" if check.verdict == "ok" else "warning"
            operation.outcomes.add("prove", proof.host, kind, f"{check.what}: {check.detail}")
    match probe.verdict:
        case "closed":
            operation.outcomes.add("prove", proof.host, "proven", f"closed off the list: {probe.detail}")
        case "open":
            failures.append(f"{proof.host}: its port is {probe.detail}")
        case "unknown":
            text = f"not proven that the port is closed off the list: {probe.detail}"
            operation.outcomes.add("prove", proof.host, "warning", text)
    return failures
