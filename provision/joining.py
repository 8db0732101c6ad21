"""`site export` and `join`: a machine becomes a workstation by itself, without a login of the admin's."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from provision.bundle import bundled, packed, unpacked, with_profiles
from provision.catalogue import full_name, load_catalogue
from provision.commands import begun, run_on, someone_can_be_asked
from provision.deploy import agreed
from provision.ending import Present, ended
from provision.endpoints import endpoint
from provision.errors import EngineError, ExitCode, PreflightError, ProofError, ProvisionError, SiteError
from provision.foreign import printable
from provision.forms import LOCAL
from provision.looking import see
from provision.operation import Goal, Operation
from provision.orders import orders, remarks
from provision.parallel import at_once
from provision.paths import state_root
from provision.plan import make_plan, plan_text
from provision.preflight import preflight
from provision.progress import step
from provision.prove import Expected, ExpectedModel, Proof, client_for, prove
from provision.proving import digests
from provision.publishing import publish_and_confirm, say_unfinished
from provision.report import Report
from provision.rundir import write_atomic
from provision.site import Host, Site
from provision.sitefile import Described, describe_deployed
from provision.streams import result
from provision.survey import survey

CHECKSUM = "its checksum, to be compared at both ends: sha256 {}"


def export(out: Path, site: Path | None, *, as_json: bool, verbose: bool) -> int:
    """`site export`: looks at the hosts, and writes the bundle."""
    described = describe_deployed(site)
    if described.site.pattern == "local":
        raise SiteError(
            "a local site serves its own machine alone. Nothing was contacted.",
            remedy="deploy a shared host: astraeus-provision lan --host NAME",
        )
    hosts = frozenset(host.name for host in described.site.hosts)
    operation, _ = begun(described, hosts, Goal.VERIFY, "export", yes=True, as_json=as_json, verbose=verbose)
    fitted, digests_by_host = _served(operation)
    bundle = bundled(fitted, digests_by_host)
    text, checksum = packed(bundle)
    try:
        write_atomic(Path(os.path.realpath(out)), text, mode=0o644)
    except OSError as error:
        raise SiteError(f"{printable(str(out))}: cannot be written: {error.strerror}") from None
    operation.terminal.progress.close()
    if as_json:
        document = {"ok": True, "exit_code": 0, "bundle": str(out), "sha256": checksum, "failures": []}
        result(json.dumps(document, indent=2))
    else:
        file = shlex.quote(str(out))
        result(f"wrote {printable(str(out))}; {CHECKSUM.format(checksum)}")
        result(f"on the new workstation: astraeus-provision join {file} --sha256 {checksum}")
    return int(ExitCode.DONE)


def _served(operation: Operation) -> tuple[Site, dict[str, dict[str, str]]]:
    """The site with what each host can serve, and what it serves by its own ledger.

    PreflightError where one cannot be looked at.
    """
    looked = see(operation)
    seen = looked.survey
    plan = make_plan(looked.site, operation.catalogue, seen.hosts, {}, {}, (), fits=looked.fits)
    missing = {host.name for host in operation.site.hosts} - {one.name for one in plan.hosts}
    if missing:
        found = preflight(operation.site, operation.catalogue, seen, passwords=looked.asked)
        raise PreflightError(
            [
                ProvisionError(f"{one.machine}: {one.problem}", remedy=one.remedy)
                for one in found
                if one.machine in missing
            ]
        )
    return looked.site, {one.name: digests(one, seen.hosts[one.name]) for one in plan.hosts}


def join(
    file: Path,
    *,
    sha256: str | None,
    profile: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    verbose: bool,
) -> int:
    """`join`: proves the hosts from here, and makes this machine a workstation of theirs."""
    goal = Goal.DRY_RUN if dry_run else Goal.APPLY
    bundle, checksum = unpacked(file)
    if sha256 is not None and sha256.strip().lower() != checksum:
        raise SiteError(
            f"{printable(str(file))}: its checksum is {checksum}, not the one that was said. "
            "Nothing was contacted.",
            remedy="get it again from whoever made it",
        )
    someone_can_be_asked(goal, yes=yes)
    kept = state_root() / "bundle" / hashlib.sha256(checksum.encode()).hexdigest()[:16]
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        site = with_profiles(bundle, kept)
    except OSError as error:
        raise EngineError(
            f"{kept}: cannot be written: {error.strerror}", remedy="free or repair that folder"
        ) from None
    if profile is not None:
        chosen = str(Path(profile).absolute()) if profile.endswith((".yaml", ".yml")) else profile
        site = site.model_copy(update={"router": site.router.model_copy(update={"profile": chosen})})
    orders(site, load_catalogue())  # a profile that is none is told before anything is asked
    described = Described(
        site=site, origin=f"bundle {printable(str(file))}", notes=(CHECKSUM.format(checksum),)
    )
    act = partial(_joined, promised=bundle.digests)
    return run_on(
        described, frozenset({LOCAL}), goal, act, yes=yes, as_json=as_json, verbose=verbose, alone=True
    )


def _joined(
    operation: Operation, described: Described, *, promised: Mapping[str, Mapping[str, str]]
) -> Report:
    def road(present: Present) -> None:
        site, catalogue = operation.site, operation.catalogue
        order = orders(site, catalogue)[LOCAL]
        operation.run.write(f"router/{LOCAL}.json", order.model_dump(mode="json"))
        with step(operation.terminal.progress, "Look at this machine"):
            seen = survey(
                site, catalogue, operation.run.root, ways=operation.ways, log=operation.log, only=[LOCAL]
            )
        findings = [one for one in preflight(site, catalogue, seen) if one.machine == LOCAL]
        stopping = [one for one in findings if one.severity != "warns"]
        if stopping:
            raise PreflightError(
                [ProvisionError(f"{one.machine}: {one.problem}", remedy=one.remedy) for one in stopping]
            )
        for one in findings:
            operation.outcomes.add("preflight", LOCAL, "warning", f"{one.problem} ({one.remedy})")
        plan = make_plan(
            site,
            catalogue,
            {},
            seen.workstations,
            {},
            operation.limit,
            remarks(site, operation.limit, catalogue),
        )
        present(plan.model_dump(mode="json"))
        operation.terminal.present(plan_text(plan))
        agreed(operation, plan)
        if operation.goal.mutates:
            _proven_from_here(operation, promised)
        unfinished = publish_and_confirm(operation, plan, seen.workstations)
        say_unfinished(operation, plan, unfinished)

    return ended(operation, described, road)


def _proven_from_here(operation: Operation, promised: Mapping[str, Mapping[str, str]]) -> None:
    """ProofError names every answer that is not what the bundle promises."""
    hosts = operation.site.hosts
    with step(operation.terminal.progress, f"Prove {', '.join(host.name for host in hosts)}"):
        proofs = at_once([partial(_proof, operation, host, promised.get(host.name, {})) for host in hosts])
    failures = []
    for proof in proofs:
        for check in proof.checks:
            if check.verdict == "failed":
                failures.append(f"{proof.host}: {check.what} at {proof.url}: {check.detail}")
            else:
                text = f"{proof.host}: {check.what}: {check.detail}"
                operation.outcomes.add("prove", LOCAL, "proven", text)
    if failures:
        raise ProofError(
            failures[0],
            evidence="\n".join(failures[1:]),
            changed="Nothing was changed here.",
            remedy="is this machine in a network that the hosts admit? Whoever runs the site sees more with: "
            "astraeus-provision doctor",
        )


def _proof(operation: Operation, host: Host, promised: Mapping[str, str]) -> Proof:
    catalogue = operation.catalogue
    models = [catalogue.model(name) for name in host.served]
    wanted = Expected(
        host=host.name,
        version=catalogue.ollama.version,
        on_gpu=host.accelerator == "nvidia",
        models=tuple(
            ExpectedModel(
                name=model.name,
                digest=promised.get(full_name(model.name)),
                context_tokens=catalogue.context_tokens,
                tool_call_may_fail=model.tool_call_may_fail,
                offloaded=host.accept_offload,
            )
            for model in models
        ),
    )
    url = endpoint(host, catalogue).url
    with client_for(url) as client:
        return prove(wanted, url, client, operation.tell)
