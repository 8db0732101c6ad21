"""The way to every machine of a site, and what this machine must have for any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import EngineError
from provision.forms import LOCAL
from provision.site import Site
from provision.survey import reaches
from tests.programs import need

SITE = Site.model_validate({"hosts": [{"name": "gpu"}], "workstations": [{"name": LOCAL}, {"name": "w"}]})


def test_every_machine_but_this_one_is_reached_by_ssh() -> None:
    need("ssh")
    assert reaches(SITE).keys() == {"gpu", "w"}


def test_without_openssh_nothing_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="OpenSSH client is missing"):
        reaches(SITE)


def test_a_user_whom_openssh_refuses_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    need("ssh")
    monkeypatch.setattr("os.getuid", lambda: 4242424)
    with pytest.raises(EngineError, match="user id 4242424 has no entry"):
        reaches(SITE)
