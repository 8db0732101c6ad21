"""What a site may say: names, networks and sources that mean something and are code nowhere."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provision.rolevars import LanFirewallVars
from provision.site import Site


def refused(**said: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Site.model_validate({"hosts": [{"name": "gpu"}], **said})
    return str(caught.value)


@pytest.mark.parametrize(
    "text", ["fe80::%{{ lookup('pipe','id') }}/64", "fe80::%x tcp dport 1 accept\n #/64", "fe80::%eth0/64"]
)
def test_no_network_carries_a_scope(text: str) -> None:
    assert "has a scope" in refused(admit=[text])
    assert "has a scope" in refused(hosts=[{"name": "gpu", "admit": [text]}])


@pytest.mark.parametrize("value", [5, True, 80, b"\0\0\0\0", None, 1.5])
def test_a_network_is_text(value: object) -> None:
    assert "in quotes" in refused(admit=[value])


@pytest.mark.parametrize("wide", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "8.0.0.0/8", "2000::/3", "2001::/16"])
def test_the_world_is_never_admitted(wide: str) -> None:
    assert f"{wide} is the open Internet" in refused(admit=["192.168.7.0/24", wide])
    assert "is the open Internet" in refused(hosts=[{"name": "gpu", "admit": [wide]}])


def test_a_list_that_admits_nobody_is_no_list() -> None:
    assert "admits nobody" in refused(admit=[])
    assert "admits nobody" in refused(hosts=[{"name": "gpu", "admit": []}])


@pytest.mark.parametrize("cidr", ["fe80::%x/64", "10.0.0.0/8 accept", "10.0.0.0/8\n", "{{ x }}"])
def test_no_rule_of_a_firewall_is_made_of_anything_else(cidr: str) -> None:
    with pytest.raises(ValidationError, match="no plain CIDR"):
        LanFirewallVars(lan_firewall_port=11434, lan_firewall_admit=(cidr,), lan_firewall_manager="nftables")


@pytest.mark.parametrize("name", ["localhost", "LocalHost"])
def test_a_host_is_named_as_others_reach_it(name: str) -> None:
    assert "cannot serve others" in refused(hosts=[{"name": name, "ssh": {"hostname": "10.0.0.7"}}])


@pytest.mark.parametrize("name", ["a..b", f"{'a' * 64}.lan", ".".join(["a" * 50] * 6), "a" * 300])
def test_a_name_that_dns_and_a_file_can_have(name: str) -> None:
    for said in (
        {"name": name},
        {"name": "gpu", "ssh": {"hostname": name}},
        {"name": "gpu", "advertise": name},
    ):
        assert "characters" in refused(hosts=[said])
    assert Site.model_validate({"hosts": [{"name": ".".join(["a" * 63] * 3)}, {"name": "fd00::1"}]})


@pytest.mark.parametrize("text", ["٣h", "3h\n", "h"])
def test_a_time_is_written_in_plain_digits(text: str) -> None:
    refused(serving={"keep_alive": text})


@pytest.mark.parametrize(
    "url", ["http://[:::]/x", "http://m:99999/x", "http://m:0/x", "http://m/\x7fx", "http://m/\x9bx"]
)
def test_a_url_leads_somewhere(url: str) -> None:
    refused(models={"mirror": url})
    refused(opencode={"npm_registry": url})
    refused(ollama={"archives": {"x86_64": {"source": url, "sha256": "0" * 64}}})


@pytest.mark.parametrize("jump", ["ops@bastion:99999", "bastion:0", "a:22,b:70000"])
def test_a_hop_has_a_port_that_exists(jump: str) -> None:
    assert "port" in refused(hosts=[{"name": "gpu", "ssh": {"jump": jump}}])


@pytest.mark.parametrize("path", ["/a\x7f", "/a\x9b31m", "/a\u202eb", "/a\nb"])
def test_no_path_steers_a_terminal(path: str) -> None:
    refused(hosts=[{"name": "gpu", "ssh": {"identity": path}}])
