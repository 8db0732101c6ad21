"""Programs that some tests need from the machine."""

from __future__ import annotations

import os
import shutil

import pytest


def need(program: str) -> None:
    """Skip the test where a program is missing; in CI that is a failure, so that no skip hides it."""
    if shutil.which(program) is None:
        missing(program)


def missing(what: str) -> None:
    """Skip for something that the machine lacks; fail in CI."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no {what} on this machine")
