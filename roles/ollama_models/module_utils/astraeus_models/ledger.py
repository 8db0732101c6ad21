"""The ledger: a root-owned JSON file that remembers what we pulled and derived, and nothing of the user's."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """A model that we serve; digests are the sha256 of manifests."""

    base: str
    base_digest: str
    digest: str
    num_ctx: int | None
    pulled_by_us: bool


@dataclass
class Ledger:
    """All entries by full name, and the names that we pulled on the way to a derived model."""

    models: dict[str, Entry] = field(default_factory=dict)
    pulled: list[str] = field(default_factory=list)

    def pulls(self, *names: str) -> None:
        self.pulled = sorted({*self.pulled, *names})

    def forgets(self, name: str) -> None:
        self.models.pop(name, None)
        self.pulled = [pulled for pulled in self.pulled if pulled != name]


def read_ledger(path: Path) -> Ledger:
    """An unreadable ledger counts as none: then every model is pulled and derived again, which is cheap."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        models = {name: Entry(**entry) for name, entry in data["models"].items()}
        return Ledger(models, [str(name) for name in data["pulled"]])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Ledger()


def write_ledger(path: Path, ledger: Ledger) -> None:
    """Write in one step, readable for all."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    data = {"models": {name: asdict(entry) for name, entry in ledger.models.items()}, "pulled": ledger.pulled}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".ledger-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=2, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)
