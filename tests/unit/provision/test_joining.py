"""A bundle promises what the hosts serve, which is what fits on their cards."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.joining import _served
from provision.survey import Survey
from tests.unit.provision.bed import site, with_cards
from tests.unit.provision.stage import operation, replace


def test_who_joins_is_told_of_what_fits_on_the_hosts_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "provision.looking.survey", Survey(hosts={"gpu.local": with_cards(16380)}))
    able, promised = _served(operation(tmp_path, site=site(workstations=[])))
    assert able.hosts[0].models == ("ministral-3:14b-32k", "lfm2.5-thinking:latest")
    assert able.hosts[0].serving.kv_cache_type == "q8_0"
    assert promised.keys() == {"gpu.local"}
