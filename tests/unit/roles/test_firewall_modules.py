"""How the firewall modules read what is there and say what must be there."""

from __future__ import annotations

import jinja2

from tests.unit.roles import ROOT, library

ufw = library("lan_firewall", "ufw_admit")
firewalld = library("lan_firewall", "firewalld_policy")
nft = library("lan_firewall", "nft_table")

VARIABLES = {
    "lan_firewall_port": 11434,
    "lan_firewall_admit": ["10.0.0.0/24", "192.168.1.7/32", "fd00::/64", "fd00::7/128"],
    "lan_firewall_rules": "/etc/astraeus/firewall.nft",
}


def render(template: str) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "roles/lan_firewall/templates"),
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(template).render(VARIABLES)


def test_nft_rules_are_written_as_nft_prints_them() -> None:
    assert nft.wanted_table(render("firewall.nft.j2")).splitlines() == [
        "table inet astraeus {",
        "\tchain input {",
        "\t\ttype filter hook input priority filter; policy accept;",
        '\t\tiifname "lo" tcp dport 11434 accept',
        "\t\tip saddr 10.0.0.0/24 tcp dport 11434 accept",
        "\t\tip saddr 192.168.1.7 tcp dport 11434 accept",
        "\t\tip6 saddr fd00::/64 tcp dport 11434 accept",
        "\t\tip6 saddr fd00::7 tcp dport 11434 accept",
        "\t\ttcp dport 11434 drop",
        "\t}",
        "}",
    ]


def test_no_rules_are_no_table() -> None:
    assert nft.wanted_table("") == ""


def test_ufw_rules_admit_first_and_deny_last_in_each_family() -> None:
    networks = VARIABLES["lan_firewall_admit"]
    assert ufw.wanted_rules(networks, 11434, "4") == [
        "allow from 10.0.0.0/24 to any port 11434 proto tcp",
        "allow from 192.168.1.7/32 to any port 11434 proto tcp",
        "deny 11434/tcp",
    ]
    assert ufw.wanted_rules(["10.0.0.0/24"], 11434, "6") == ["deny 11434/tcp"]


def test_ufw_rules_of_ours_are_told_from_the_users() -> None:
    ours = b"astraeus".hex()
    text = f"""
### RULES ###

### tuple ### allow tcp 11434 0.0.0.0/0 any 10.0.0.0/24 in comment={ours}
### tuple ### deny tcp 11434 0.0.0.0/0 any 0.0.0.0/0 in comment={ours}
### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### allow any 80 0.0.0.0/0 any 0.0.0.0/0 Apache - in comment={b"mine".hex()}
-A ufw-user-input -p tcp --dport 22 -j ACCEPT
"""
    rules = ufw.read_rules(text, "4")
    assert rules[:3] == [
        ("allow from 10.0.0.0/24 to any port 11434 proto tcp", True),
        ("deny 11434/tcp", True),
        ("allow 22/tcp", False),
    ]
    assert [is_ours for _, is_ours in rules] == [True, True, False, False]


def test_firewalld_rules_are_compared_as_it_prints_them() -> None:
    port = 'port port="11434" protocol="tcp"'
    four, six = ("10.0.0.0/24", "192.168.1.7/32"), ("fd00::/64", "fd00::7/128")
    first = 'rule priority="-2"'
    assert firewalld.wanted_rules(render("astraeus.xml.j2")) == sorted(
        [
            *(f'{first} family="ipv4" source address="{source}" {port} accept' for source in four),
            *(f'{first} family="ipv6" source address="{source}" {port} accept' for source in six),
            f'rule priority="-1" {port} drop',
        ]
    )
    assert firewalld.wanted_rules("") == []


ZONES = """drop
  target: DROP
  services: {services}

public (active)
  target: default
  interfaces: {interfaces}
  services: dhcpv6-client ssh
  rich rules: {rule}
"""


def test_what_firewalld_only_runs_with_is_told_from_what_is_written() -> None:
    permanent = firewalld.rules_of(ZONES.format(services="", interfaces="", rule="").replace(" (active)", ""))
    same = ZONES.format(services="", interfaces="eth0", rule="").replace(
        "dhcpv6-client ssh", "ssh dhcpv6-client"
    )
    assert firewalld.rules_of(same) - permanent == set()
    rule = '\n\trule family="ipv4" source address="10.0.0.9" drop'
    more = ZONES.format(services="http", interfaces="eth0", rule=rule)
    assert firewalld.rules_of(more) - permanent == {
        ("drop", "services: http"),
        ("public", 'rule address="10.0.0.9" drop family="ipv4" source'),
    }
    direct = "ipv4 filter INPUT 0 -s 10.0.0.9 -j DROP"
    assert firewalld.rules_of(direct) == {("direct rule", direct)}
