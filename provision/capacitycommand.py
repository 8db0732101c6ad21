"""`capacity`: which cards are meant, by name or by looking at hosts, and what fits on them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from provision.capacity import CardHost, capacity, capacity_text, mib_text
from provision.cards import card
from provision.catalogue import Catalogue, load_catalogue
from provision.errors import ExitCode, PreflightError, ProvisionError, SiteError
from provision.fit import Wishes, fit
from provision.fitting import fits, users_of
from provision.paths import remembered_site
from provision.placement import shared
from provision.preflight import blocking, preflight
from provision.residency import usable
from provision.rundir import RunDir
from provision.sitefile import Described, Flags, describe, describe_deployed
from provision.streams import note, result
from provision.survey import reaches, survey


def say_capacity(
    hosts: Sequence[str],
    gpus: Sequence[str],
    *,
    count: int | None,
    users: int | None,
    site: Path | None,
    as_json: bool,
) -> int:
    """Print what fits; SiteError where no card is meant, PreflightError where a host does not tell."""
    catalogue = load_catalogue()
    if gpus and (hosts or site is not None):
        raise SiteError(
            "command line: --gpu is for cards that are not at hand, --host and --site for hosts that are",
            remedy="give one of them",
        )
    if count is not None and not gpus:
        raise SiteError(
            "command line: --count counts cards of --gpu", remedy="name the card: --gpu 'RTX 4090'"
        )
    if gpus:
        asking = users or 1
        meant = by_name(gpus, count or 1, catalogue, asking)
    else:
        described = _described(hosts, site)
        asking = users or users_of(described.site)
        if not as_json:
            note(f"site: {described.origin}")
        meant = _looked_at(described, [text.rpartition("@")[2] for text in hosts], catalogue, asking)
    found = capacity(meant, catalogue, asking)
    if as_json:
        document = {"ok": True, "exit_code": 0, "failures": [], **found.model_dump(mode="json")}
        result(json.dumps(document, indent=2))
    else:
        result(capacity_text(found))
    return int(ExitCode.DONE)


def by_name(gpus: Sequence[str], count: int, catalogue: Catalogue, users: int) -> list[CardHost]:
    """A host for each name, with so many cards of it; several share the models."""
    cards = [card(text) for text in gpus]
    twice = {one.name for one in cards if [other.name for other in cards].count(one.name) > 1}
    names = [
        f"host {number} with {one.name}" if one.name in twice else one.name
        for number, one in enumerate(cards, 1)
    ]
    fitting = {
        name: partial(
            fit,
            cards=(usable(one.memory_mib),) * count,
            context_tokens=catalogue.context_tokens,
            users=users,
            most_slots=catalogue.most_slots,
            wishes=Wishes(),
        )
        for name, one in zip(names, cards, strict=True)
    }
    found = (
        shared(catalogue.models, catalogue.default_models, fitting)
        if len(cards) > 1
        else {name: one(catalogue.models) for name, one in fitting.items()}
    )
    return [
        CardHost(name=name, cards=mib_text([(one.name, one.memory_mib)] * count), fit=found[name])
        for name, one in zip(names, cards, strict=True)
    ]


def _described(hosts: Sequence[str], site: Path | None) -> Described:
    if hosts:
        return describe(Flags(hosts=tuple(hosts), site=site))
    if site is None and not remembered_site().is_file():
        raise SiteError(
            "capacity of what? No site is remembered here, and nothing was named. Nothing was contacted.",
            remedy="name a card (--gpu 'RTX 4090'), a host (--host NAME) or a site file (--site FILE)",
        )
    return describe_deployed(site)


def _looked_at(described: Described, only: Sequence[str], catalogue: Catalogue, users: int) -> list[CardHost]:
    """The hosts named, or all of the site's, as they are; those that are meant share the models."""
    meant = tuple(host for host in described.site.hosts if not only or host.name in only)
    site = described.site.model_copy(update={"hosts": meant})
    names = [host.name for host in meant]
    ways = reaches(site)
    with RunDir.passing() as run:
        seen = survey(site, catalogue, run.root, ways=ways, log=run.log_command, only=names)
    missing = [
        ProvisionError(f"{finding.machine}: {finding.problem}", remedy=finding.remedy)
        for finding in blocking(preflight(site, catalogue, seen))
        if finding.machine in names and finding.machine not in seen.hosts
    ]
    settled = fits(site, catalogue, seen.hosts, users=users)
    found = []
    for name in (name for name in names if name in seen.hosts):
        host, facts = site.host(name), seen.hosts[name]
        if name not in settled:
            why = (
                "the site lets its processor serve"
                if host.accelerator == "cpu"
                else f"its cards' memory cannot be told: {facts.graphics.message or 'no driver answers'}"
            )
            missing.append(
                ProvisionError(
                    f"{name}: {why}",
                    remedy="name the card instead: `astraeus-provision capacity --gpu 'RTX 4090'`",
                )
            )
            continue
        known = [(gpu.name, gpu.memory_mib or 0) for gpu in facts.graphics.gpus]
        found.append(CardHost(name=name, cards=mib_text(known), fit=settled[name]))
    if missing:
        raise PreflightError(missing)
    return found
