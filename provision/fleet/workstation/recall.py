"""What is ours where the ledger was lost: what equals it to the letter. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from provision.fleet.workstation.ledger import Back, unpack
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.sharedfile import text_of
from router.merge import Memory, recall
from router.opencode import RouterSettings


def lost(found: Mapping[str, FoundFile], folders: Folders) -> bool:
    """Whether files that only we write lie there, and no ledger tells what else is ours."""
    if unpack(found[folders.ledger].content) is not None:
        return False
    return any(one.kind == "file" and path.startswith(f"{folders.data}/") for path, one in found.items())


def recalled(file: FoundFile, desired: RouterSettings) -> tuple[Memory | None, Back | None]:
    """Return what the ledger would say of a file; that the user had one goes by what is left without ours.

    A file that has less than half of ours was not written by us: a value that is the same is its user's.
    """
    memory = recall(text_of(file), desired)
    if 2 * len(memory.written) < len(desired.settings):
        return None, None
    return memory, Back(sha256=file.sha256 or "-", made=True)
