"""What a look at a workstation may find."""

from __future__ import annotations

import pytest

from provision.fleet.workstation.proxy import ProxyPlan
from provision.workstationquestions import names, router_port
from tests.unit.provision.bed import LOOK

PRESENT = ProxyPlan(how="present", haproxy="/usr/sbin/haproxy")


@pytest.mark.parametrize(
    ("loopback", "there", "severity"),
    [
        (None, {"a": "10.0.0.1", "b": None}, "skips"),
        (ProxyPlan(how="impossible", said="x"), {"a": "10.0.0.1", "b": None}, "skips"),
        (PRESENT, {"a": None, "b": None}, "skips"),
        (PRESENT, {"a": "10.0.0.1", "b": None}, "warns"),
    ],
)
def test_a_name_that_leads_nowhere_stops_a_workstation_unless_its_router_can_wait_for_it(
    loopback: ProxyPlan | None, there: dict[str, str | None], severity: str
) -> None:
    found = list(names("laptop", LOOK.model_copy(update={"loopback": loopback, "names": there})))
    assert {one.severity for one in found} == {severity}
    assert any("cannot resolve b" in one.problem for one in found)


def test_another_process_on_the_router_s_port_stops_a_workstation() -> None:
    taken = PRESENT.model_copy(update={"foreign": "another process answers on port 11600"})
    (found,) = router_port("laptop", LOOK.model_copy(update={"loopback": taken}))
    assert (found.severity, "router: {port" in found.remedy) == ("skips", True)
    assert list(router_port("laptop", LOOK.model_copy(update={"loopback": PRESENT}))) == []
