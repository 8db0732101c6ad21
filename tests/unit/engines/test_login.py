"""pyinfra logs in with what OpenSSH would: a key behind a passphrase comes from the agent."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
from pyinfra.connectors.sshuserclient.client import SSHClient

from provision.ssh import Reach, pyinfra_host_data, run_ssh_config


class Door(paramiko.ServerInterface):
    """Lets one key in."""

    def __init__(self, public: str) -> None:
        self.public = public

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = username == "ops" and key.get_base64() == self.public
        return paramiko.common.AUTH_SUCCESSFUL if right else paramiko.common.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        del username
        return "publickey"


@pytest.fixture
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A key behind a passphrase, which only the agent can use."""
    path, sock = tmp_path / "id", tmp_path / "agent"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    with subprocess.Popen(["ssh-agent", "-D", "-a", sock], stdout=subprocess.PIPE) as agent:
        try:
            if agent.stdout is None or not agent.stdout.readline():
                raise AssertionError("the agent did not start")
            monkeypatch.setenv("SSH_AUTH_SOCK", str(sock))
            subprocess.run(["ssh-add", "-q", path], check=True, capture_output=True)
            subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", path], check=True)
            yield path
        finally:
            agent.terminate()


@pytest.mark.parametrize("identities_only", [False, True])
def test_a_key_behind_a_passphrase_comes_from_the_agent(
    tmp_path: Path, identity: Path, *, identities_only: bool
) -> None:
    shown = paramiko.ECDSAKey.generate()
    public = identity.with_suffix(".pub").read_text().split()[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            transport = paramiko.Transport(listener.accept()[0])
            transport.add_server_key(shown)
            transport.start_server(server=Door(public), event=threading.Event())

        threading.Thread(target=serve, daemon=True).start()
        way = Reach(
            alias="gpu",
            hostname="127.0.0.1",
            port=port,
            user="ops",
            identity_files=(str(identity),),
            identities_only=identities_only,
            known_hosts_files=(),
        )
        (tmp_path / "ssh_config").write_text(run_ssh_config({"gpu": way}))
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {shown.get_name()} {shown.get_base64()}\n")
        data = pyinfra_host_data(way, tmp_path)
        with SSHClient() as client:
            connect: Any = client.connect
            connect(
                "gpu",
                username="ops",
                port=port,
                allow_agent=data["ssh_allow_agent"],
                look_for_keys=data["ssh_look_for_keys"],
                _pyinfra_ssh_config_file=data["ssh_config_file"],
                _pyinfra_ssh_known_hosts_file=data["ssh_known_hosts_file"],
                _pyinfra_ssh_strict_host_key_checking=data["ssh_strict_host_key_checking"],
                _pyinfra_ssh_paramiko_connect_kwargs=data["ssh_paramiko_connect_kwargs"],
            )
            transport = client.get_transport()
            assert transport is not None
            assert transport.is_authenticated()
