"""What a finding is: one machine, one problem, one remedy; and how the questions to a host are asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from provision.catalogue import Catalogue
from provision.facts import HostFacts
from provision.fit import Fit
from provision.model import Frozen
from provision.site import Host, Site


class Finding(Frozen):
    """Something that keeps a machine from being ready, or that its owner should know."""

    machine: str
    problem: str
    remedy: str
    severity: Literal["blocks", "skips", "warns"] = "blocks"
    """skips: this workstation is left as it is and named at the end; the others go on."""


class Case(Frozen):
    """One host as the questions see it."""

    host: Host
    """With the models that fit, where its cards are known."""
    site: Site
    """As it is described."""
    catalogue: Catalogue
    facts: HostFacts
    password_given: bool = False
    """Whether a sudo password that works was given for it."""

    site_file: str | None = None
    """The file that describes the site; None where flags or the memory do."""

    fits: Mapping[str, Fit] = {}
    """What each host's cards can serve, where they are known."""

    @property
    def fit(self) -> Fit | None:
        return self.fits.get(self.host.name)

    def by_site(self, words: str) -> str:
        """How to say something of this host that only a site file can say."""
        if self.site_file is not None:
            return f"add `{words}` under {self.host.name} in {self.site_file}, then run this again"
        return (
            f"run `lan` again with `--save site.yaml`, add `{words}` under {self.host.name} in that file, "
            "then run `lan` with `--site site.yaml`"
        )

    def blocks(self, problem: str, remedy: str) -> Finding:
        return Finding(machine=self.host.name, problem=problem, remedy=remedy)

    def warns(self, problem: str, remedy: str) -> Finding:
        return Finding(machine=self.host.name, problem=problem, remedy=remedy, severity="warns")


Findings = Iterator[Finding]
