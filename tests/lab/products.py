"""Built things: each in a folder named after what it was built from, never there by half."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.lab.layout import BUILT


def key(*parts: str | bytes) -> str:
    """Twelve digits of the sha256 over the parts and this machine's architecture."""
    digest = hashlib.sha256(platform.machine().encode())
    for part in parts:
        digest.update(b"\0" + (part.encode() if isinstance(part, str) else part))
    return digest.hexdigest()[:12]


def product(name: str, made_from: str, build: Callable[[Path], None]) -> Path:
    """The folder of a built thing; `build` fills an empty one beside it when it is missing."""
    final = BUILT / f"{name}-{made_from}"
    if final.is_dir():
        return final
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            return final
        beside = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=BUILT))
        try:
            build(beside)
            beside.chmod(0o755)
            beside.rename(final)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return final


def sha256_of(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
