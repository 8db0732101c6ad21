from tests.lab.layout import MACHINES, OTHER, TEAM, hosts_file, machine, seen_from


def test_the_team_and_the_outsider_see_the_server_at_different_addresses() -> None:
    assert seen_from((TEAM,))["gpu-server.local"][0] == "10.213.10.10"
    assert seen_from((OTHER,))["gpu-server.local"][0] == "10.213.20.10"


def test_the_outsider_has_no_name_for_machines_it_shares_no_network_with() -> None:
    assert set(seen_from((OTHER,))) == {"gpu-server.local", "gpu-two.local", "outsider"}


def test_no_two_machines_share_an_address_or_a_mac() -> None:
    places = [(network, one.number) for one in MACHINES for network in one.networks]
    assert len(places) == len(set(places))
    assert len({network.mac(number) for network, number in places}) == len(places)


def test_a_machine_is_found_by_its_short_name() -> None:
    assert machine("gpu-server") is machine("gpu-server.local")


def test_a_hosts_file_keeps_a_machine_s_own_name_on_the_loopback() -> None:
    lines = hosts_file((TEAM,), own="gpu-server").splitlines()
    assert "127.0.1.1 gpu-server" in lines
    assert "10.213.10.10 gpu-server.local" in lines
    assert "10.213.10.20 mirror.lab mirror" in lines
