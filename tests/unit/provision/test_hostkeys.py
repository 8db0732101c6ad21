"""Host keys held against known_hosts, with a real SSH server for what is shown."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest

from provision.hostkeys import check, check_one
from provision.knownhosts import fingerprint, pinned, record, recorded
from tests.unit.provision.doors import behind, reach, silent

ED25519 = "ssh-ed25519"


def key_text(seed: int) -> str:
    body = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + bytes([seed]) * 32
    return base64.b64encode(body).decode()


def write(tmp_path: Path, *lines: str) -> None:
    (tmp_path / "ssh").mkdir(exist_ok=True)
    (tmp_path / "ssh" / "known_hosts").write_text("".join(f"{line}\n" for line in lines))


def hashed(name: str) -> str:
    salt = b"salt" * 5
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize(
    "name",
    ["gpu.local", "box,gpu.local,10.0.0.1", "*.local", "g?u.local", hashed("gpu.local"), "GPU.local"],
)
def test_a_name_is_found_in_every_form(tmp_path: Path, name: str) -> None:
    write(tmp_path, "# a comment", "broken", f"{name} {ED25519} {key_text(1)} a comment")
    entry = recorded(reach(tmp_path))[0]
    assert (entry.key_type, entry.key, entry.line) == (ED25519, key_text(1), 3)


@pytest.mark.parametrize("name", ["gpu", "*.local,!gpu.local", hashed("other"), "|1|x|y", "[gpu.local]:2222"])
def test_another_name_is_not(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"{name} {ED25519} {key_text(1)}")
    assert recorded(reach(tmp_path)) == ()


def test_another_port_and_an_alias_have_names_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, f"[gpu.local]:2222 {ED25519} {key_text(1)}", f"the-gpu {ED25519} {key_text(2)}")
    assert recorded(reach(tmp_path, port=2222))[0].key == key_text(1)
    assert recorded(reach(tmp_path, port=2222, host_key_alias="the-gpu"))[0].key == key_text(2)


def test_the_systems_file_counts_too(tmp_path: Path) -> None:
    (tmp_path / "global").write_text(f"gpu.local {ED25519} {key_text(3)}\n")
    assert recorded(reach(tmp_path))[0].key == key_text(3)


def test_a_run_pins_what_is_on_file_under_the_name_that_paramiko_looks_up(tmp_path: Path) -> None:
    write(
        tmp_path,
        f"the-gpu {ED25519} {key_text(1)}",
        f"the-gpu {ED25519} {key_text(2)}",
        f"@revoked the-gpu {ED25519} {key_text(2)}",
    )
    way = reach(tmp_path, hostname="10.0.0.9", port=2222, host_key_alias="the-gpu")
    assert pinned({"gpu": way}) == f"[10.0.0.9]:2222 {ED25519} {key_text(1)}\n"


def test_an_accepted_key_is_appended_and_only_its_owner_may_read(tmp_path: Path) -> None:
    way = reach(tmp_path, port=2222)
    path = record(way, ED25519, key_text(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.write_text(path.read_text() + "torn line without an end")
    record(way, ED25519, key_text(2))
    assert path.read_text().splitlines() == [
        f"[gpu.local]:2222 {ED25519} {key_text(1)}",
        "torn line without an end",
        f"[gpu.local]:2222 {ED25519} {key_text(2)}",
    ]


class Nobody(paramiko.ServerInterface):
    """Lets nobody in."""


@pytest.fixture
def server() -> Iterator[tuple[int, dict[str, str]]]:
    """An SSH server with an RSA and an ECDSA key: its port and its keys by type."""
    keys = [paramiko.RSAKey.generate(2048), paramiko.ECDSAKey.generate()]
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            for key in keys:
                transport.add_server_key(key)
            transport.start_server(server=Nobody(), event=threading.Event())

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], {key.get_name(): key.get_base64() for key in keys}
    listener.close()


def test_an_unknown_key_is_shown_with_its_fingerprint(
    tmp_path: Path, server: tuple[int, dict[str, str]]
) -> None:
    port, keys = server
    found = check_one(reach(tmp_path, "127.0.0.1", port), 5)
    assert found.state == "unknown"
    assert found.key == keys[found.key_type]
    assert found.fingerprint == fingerprint(found.key)
    assert found.fingerprint.startswith("SHA256:")


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp256"])
def test_of_several_keys_the_one_on_file_is_asked_for(
    tmp_path: Path, server: tuple[int, dict[str, str]], kind: str
) -> None:
    port, keys = server
    write(tmp_path, f"[127.0.0.1]:{port} {kind} {keys[kind]}")
    found = check_one(reach(tmp_path, "127.0.0.1", port), 5)
    assert (found.state, found.key_type, found.line) == ("known", kind, 1)


def test_a_changed_key_names_the_file_and_line(tmp_path: Path, server: tuple[int, dict[str, str]]) -> None:
    port, _ = server
    write(tmp_path, "", f"[127.0.0.1]:{port} {ED25519} {key_text(1)}")
    found = check_one(reach(tmp_path, "127.0.0.1", port), 5)
    assert found.state == "changed"
    assert (found.expected, found.line) == (fingerprint(key_text(1)), 2)
    assert found.file == str(tmp_path / "ssh" / "known_hosts")


def test_a_revoked_key_is_refused_even_where_it_is_known(
    tmp_path: Path, server: tuple[int, dict[str, str]]
) -> None:
    port, keys = server
    lines = [f"[127.0.0.1]:{port} {kind} {key}" for kind, key in keys.items()]
    write(tmp_path, *lines, *(f"@revoked {line}" for line in lines))
    found = check_one(reach(tmp_path, "127.0.0.1", port), 5)
    assert (found.state, found.reason) == ("changed", "this key is marked as revoked")


def test_a_key_under_the_bare_name_is_taken_but_does_not_contradict(
    tmp_path: Path, server: tuple[int, dict[str, str]]
) -> None:
    port, keys = server
    way = reach(tmp_path, "127.0.0.1", port)
    write(tmp_path, f"127.0.0.1 ssh-rsa {keys['ssh-rsa']}")
    assert check_one(way, 5).state == "known"
    write(tmp_path, f"127.0.0.1 {ED25519} {key_text(1)}")
    assert check_one(way, 5).state == "unknown"


def test_it_is_asked_through_a_proxy_command(tmp_path: Path, server: tuple[int, dict[str, str]]) -> None:
    port, _ = server
    relay = (
        "python3 -c 'import socket,sys,threading,os\n"
        f's = socket.create_connection(("127.0.0.1", {port}))\n'
        "def up():\n"
        "    while d := os.read(0, 4096): s.sendall(d)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while d := s.recv(4096): os.write(1, d)'"
    )
    found = check_one(reach(tmp_path, "nowhere.invalid", 22, proxy_command=relay), 5)
    assert found.state == "unknown", found.reason


def test_dead_machines_together_cost_one_timeout(tmp_path: Path) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        way = reach(tmp_path, "127.0.0.1", silent.getsockname()[1])
        begun = time.monotonic()
        found = check({f"m{number}": way for number in range(6)}, timeout_s=1)
        assert time.monotonic() - begun < 3
    finally:
        silent.close()
    assert {(key.state, key.kind) for key in found.values()} == {("unreachable", "silent")}


def test_two_hundred_silent_machines_cost_one_timeout(tmp_path: Path) -> None:
    with behind(silent) as port:
        way = reach(tmp_path, "127.0.0.1", port)
        begun = time.monotonic()
        found = check({f"m{number}": way for number in range(200)}, timeout_s=1)
        assert time.monotonic() - begun < 3
    assert {key.kind for key in found.values()} == {"silent"}


@pytest.mark.parametrize("name", ["a..b", "a" * 70 + ".lan"])
def test_a_name_that_dns_has_no_form_for_does_not_resolve(tmp_path: Path, name: str) -> None:
    found = check_one(reach(tmp_path, name), 1)
    assert (found.kind, found.reason) == ("name", "its name does not resolve: it has no form that DNS knows")


def test_a_record_that_is_no_key_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    line = f"gpu.local {ED25519} ".encode()
    (tmp_path / "ssh/known_hosts").write_bytes(
        line + b"AAAA\xff\n" + line + b"A\n" + line + key_text(1).encode()
    )
    assert [entry.line for entry in recorded(reach(tmp_path))] == [3]


def test_a_pipe_for_known_hosts_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "ssh").mkdir()
    os.mkfifo(tmp_path / "ssh/known_hosts")
    found = at_once_or_never(lambda: recorded(reach(tmp_path)))
    assert found == ()


def at_once_or_never(call: Callable[[], object]) -> object:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    thread.join(2)
    return results[0] if results else "it waits"


def test_why_a_machine_was_not_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert check_one(reach(tmp_path, "127.0.0.1", port), 2).kind == "refused"
    assert check_one(reach(tmp_path, "nobody.invalid"), 2).kind == "name"
