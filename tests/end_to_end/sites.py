"""Site files for the lab: the lab's own one, with other machines and other sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.lab.lab import Lab

SMALL_MODEL = "lfm2.5-thinking:latest"


def host(name: str, *, models: Sequence[str] | None = None, **more: Any) -> dict[str, Any]:
    """A host without a GPU."""
    served = {} if models is None else {"models": list(models)}
    return {"name": name, "accelerator": "cpu", **served, **more}


@dataclass(frozen=True)
class Sites:
    """Writes site files into a folder."""

    lab: Lab
    folder: Path

    def __call__(
        self,
        file: str,
        hosts: Sequence[dict[str, Any]],
        workstations: Sequence[str] | None = (),
        **sections: Any,
    ) -> Path:
        """A site of these machines, everything from the lab's mirror; sections are merged one level deep.

        Without workstations (None) it says nothing of them.
        """
        site = yaml.safe_load(self.lab.site_file.read_text())
        site["hosts"] = list(hosts)
        site["workstations"] = [{"name": name} for name in workstations or ()]
        if workstations is None:
            del site["workstations"]
        for key, value in sections.items():
            site[key] = {**site.get(key, {}), **value} if isinstance(value, dict) else value
        path = self.folder / f"{file}.yml"
        path.write_text(yaml.safe_dump(site, sort_keys=False))
        return path

    def small(self, file: str = "small", name: str = "gpu-two.local", **sections: Any) -> Path:
        """One host with the smallest model and nobody to use it."""
        return self(file, [host(name, models=[SMALL_MODEL])], **sections)

    def archive(self, url: str | None = None, sha256: str | None = None) -> dict[str, Any]:
        """The section `ollama` with another URL or checksum."""
        (arch,) = yaml.safe_load(self.lab.site_file.read_text())["ollama"]["archives"]
        pins = self.lab.pins
        source = {"source": url or pins["archive_url"], "sha256": sha256 or pins["archive_sha256"]}
        return {"archives": {arch: source}}
