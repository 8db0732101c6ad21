"""How each machine is reached: the site over ~/.ssh/config, resolved once and told to both engines alike."""

from __future__ import annotations

import getpass
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import paramiko

from provision.errors import SiteError
from provision.foreign import printable
from provision.model import Frozen
from provision.site import Ssh
from provision.sshconfig import expanded, read_config, there, user_config

DEFAULT_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
DEFAULT_GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
CONNECT_TIMEOUT_S = 5
ALIVE_S, ALIVE_TRIES = 15, 3
"""OpenSSH asks a silent machine that often, and that many times, before it gives it up."""
MAX_PORT = 65535
# As OpenSSH has it: what shells, options and terminals would take for something else stands in no name.
_HOSTNAME = re.compile(r"(?!-)[^\s\x00-\x20'`\"$\\;&<>|(){},\x7f-\x9f]+")


class Reach(Frozen):
    """Everything that decides which machine a name means and how one logs in there."""

    alias: str
    """The machine's name in the site."""
    hostname: str
    port: int
    user: str
    identity_files: tuple[str, ...] = ()
    certificate_files: tuple[str, ...] = ()
    identities_only: bool = False
    identity_agent: str | None = None
    proxy_jump: str | None = None
    proxy_command: str | None = None
    """What connects stdin and stdout to the machine, tokens expanded; set for a jump too."""
    known_hosts_files: tuple[str, ...]
    """The user's; the first is where an accepted key goes."""
    global_known_hosts_files: tuple[str, ...] = ()
    host_key_alias: str | None = None
    here: bool = False
    """Whether it is this machine: programs are started, nobody logs in."""

    @property
    def key_name(self) -> str:
        """The name under which OpenSSH files this machine's key."""
        name = (self.host_key_alias or self.hostname).lower()
        return (
            name if self.port == paramiko.config.SSH_PORT or self.host_key_alias else f"[{name}]:{self.port}"
        )


def this_machine(name: str) -> Reach:
    """The way to the machine that runs this, for whoever runs it."""
    return Reach(
        alias=name, hostname="127.0.0.1", port=22, user=getpass.getuser(), known_hosts_files=(), here=True
    )


def _overrides(name: str, ssh: Ssh) -> str:
    wishes = {"HostName": ssh.hostname, "Port": ssh.port, "User": ssh.user, "ProxyJump": ssh.jump}
    wishes["IdentityFile"] = ssh.identity and str(_identity(name, ssh.identity))
    lines = [f"  {key} {value}" for key, value in wishes.items() if value is not None]
    return "\n".join([f"Host {name}", *lines, ""]) if lines else ""


def _identity(name: str, text: str) -> Path:
    try:
        return expanded(text)
    except ValueError as error:
        raise SiteError(f"{name}: ssh.identity: {error}", remedy="correct it in the site") from None


def _files(words: str | None, defaults: tuple[str, ...]) -> tuple[str, ...]:
    names = shlex.split(words) if words else list(defaults)
    return tuple(str(expanded(name)) for name in names if name != "none")


def _destination(found: Mapping[str, Any]) -> tuple[str, int]:
    """Host name and port; ValueError for what OpenSSH would not connect to either."""
    hostname, port = str(found["hostname"]), int(found.get("port", paramiko.config.SSH_PORT))
    if not _HOSTNAME.fullmatch(hostname):
        raise ValueError(f"HostName {printable(hostname)!r} is no host name")
    if not 0 < port <= MAX_PORT:
        raise ValueError(f"Port {port} is none of 1 to {MAX_PORT}")
    return hostname, port


def _listed(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (str(value),) if value else ()


_HOP = re.compile(
    r"(?:ssh://)?(?P<user>[^@\s-][^@\s]*@)?"
    r"(?:\[(?P<literal>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^\s:@\[\]-][^\s:@\[\]]*)|(?P<bare>[0-9A-Fa-f]*:[0-9A-Fa-f:.]+))"
    r"(?::(?P<port>\d{1,5}))?/?"
)


def _hop(text: str) -> tuple[str, str | None]:
    """Where a hop of a ProxyJump leads and on which port; ValueError where it is none."""
    found = _HOP.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text.strip()!r} is no hop such as user@bastion:22 or [fd00::1]:22")
    return (found["user"] or "") + (found["literal"] or found["host"] or found["bare"]), found["port"]


def _jump_command(jump: str, hostname: str, port: int) -> str:
    """What OpenSSH itself runs for a ProxyJump: the last hop connects, reached through those before it."""
    hops = jump.split(",")
    targets = [_hop(hop) for hop in hops]
    target, hop_port = targets[-1]
    argv = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={CONNECT_TIMEOUT_S}"]
    argv += ["-J", ",".join(hop.strip() for hop in hops[:-1])] if hops[:-1] else []
    argv += ["-p", hop_port] if hop_port else []
    return shlex.join([*argv, "-W", f"[{hostname}]:{port}", target])


def resolve(
    name: str, ssh: Ssh | None = None, user: str | None = None, *, files: tuple[Path, ...] | None = None
) -> Reach:
    """Resolve a machine's name; user is the default where neither the site nor the configuration says one."""
    ssh = ssh or Ssh()
    config = read_config(_overrides(name, ssh), files)
    try:
        found: Mapping[str, Any] = config.lookup(name)
        hostname, port = _destination(found)
        agent = found.get("identityagent")
        paths: dict[str, Any] = {
            "identity_files": tuple(
                str(path)
                for path in (expanded(key) for key in _listed(found.get("identityfile")))
                if there(path)
            ),
            "identity_agent": str(expanded(agent)) if agent and agent != "SSH_AUTH_SOCK" else None,
            "known_hosts_files": _files(found.get("userknownhostsfile"), DEFAULT_KNOWN_HOSTS),
            "global_known_hosts_files": _files(found.get("globalknownhostsfile"), DEFAULT_GLOBAL_KNOWN_HOSTS),
        }
    except (paramiko.SSHException, OSError, ValueError, KeyError) as error:
        raise SiteError(
            f"{name}: {user_config()} cannot be applied to it: {printable(str(error))}",
            remedy=f"correct the settings for {name} (`ssh -G {name}` shows what OpenSSH makes of them)",
        ) from None
    jump = found.get("proxyjump")
    command = found.get("proxycommand")
    first = next((key for key in found if key in {"proxyjump", "proxycommand"}), None)
    if first == "proxycommand":
        jump = None
        # paramiko expands the tokens, but leaves an escaped percent sign as it is
        command = command and str(command).replace("%%", "%")
    elif jump and str(jump).lower() != "none":
        try:
            command = _jump_command(str(jump), hostname, port)
        except ValueError as error:
            raise SiteError(
                f"{name}: its jump cannot be followed: {error}",
                remedy="correct `ssh: {jump: …}` in the site, or ProxyJump in ~/.ssh/config",
            ) from None
    else:
        jump = command = None
    return Reach(
        alias=name,
        hostname=hostname,
        port=port,
        user=found.get("user") or user or getpass.getuser(),
        certificate_files=_listed(found.get("certificatefile")),
        identities_only=found.get("identitiesonly") == "yes",
        proxy_jump=jump,
        proxy_command=command,
        host_key_alias=found.get("hostkeyalias"),
        **paths,
    )


def _options(reach: Reach) -> dict[str, str]:
    """OpenSSH options that pin what was resolved, so that its own reading cannot differ."""
    options = {
        "StrictHostKeyChecking": "yes",
        "ServerAliveInterval": str(ALIVE_S),
        "ServerAliveCountMax": str(ALIVE_TRIES),
        "HostName": reach.hostname,
        "UserKnownHostsFile": " ".join(
            f'"{name}"' if " " in name else name for name in reach.known_hosts_files
        )
        or "none",
    }
    if reach.host_key_alias:
        options["HostKeyAlias"] = reach.host_key_alias
    if reach.identities_only:
        options["IdentitiesOnly"] = "yes"
    if reach.proxy_command and not reach.proxy_jump:
        options["ProxyCommand"] = reach.proxy_command.replace("%", "%%")
    else:
        options["ProxyJump"] = reach.proxy_jump or "none"
    return options


def openssh_argv(reach: Reach, *command: str, options: Mapping[str, str] | None = None) -> list[str]:
    """The command line, that of `ssh`, by which a shell there runs a command; it never asks anything."""
    if reach.here:
        return ["sh", "-c", " ".join(command)]
    wanted = {
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_TIMEOUT_S),
        **_options(reach),
        **(options or {}),
    }
    argv = ["ssh", "-p", str(reach.port), "-l", reach.user]
    for path in reach.identity_files:
        argv += ["-i", path]
    for key, value in wanted.items():
        argv += ["-o", f"{key}={value}"]
    return [*argv, reach.alias, *command]


def ansible_host_vars(reach: Reach) -> dict[str, Any]:
    """Ansible's connection variables; ansible_host is the alias, so the user's other settings apply."""
    if reach.here:
        return {"ansible_connection": "local"}
    common = [word for key, value in _options(reach).items() for word in ("-o", f"{key}={value}")]
    common += [word for path in reach.identity_files[1:] for word in ("-o", f"IdentityFile={path}")]
    variables: dict[str, Any] = {
        "ansible_host": reach.alias,
        "ansible_port": reach.port,
        "ansible_user": reach.user,
        "ansible_ssh_host_key_checking": True,
        "ansible_ssh_common_args": shlex.join(common),
    }
    if reach.identity_files:
        variables["ansible_ssh_private_key_file"] = reach.identity_files[0]
    return variables


def pyinfra_host_data(reach: Reach, run_dir: Path, timeout_s: int = CONNECT_TIMEOUT_S) -> dict[str, Any]:
    """Connection data for pyinfra, which reads the run's ssh_config and known_hosts: what we resolved."""
    return {
        "ssh_hostname": reach.alias,
        "ssh_user": reach.user,
        "ssh_port": reach.port,
        "ssh_config_file": str(run_dir / "ssh_config"),
        "ssh_known_hosts_file": str(run_dir / "known_hosts"),
        "ssh_strict_host_key_checking": "yes",
        # Also with IdentitiesOnly: OpenSSH then asks the agent for the keys that are named.
        "ssh_allow_agent": True,
        "ssh_look_for_keys": not reach.identity_files,
        "ssh_paramiko_connect_kwargs": {
            "timeout": timeout_s,
            "banner_timeout": timeout_s,
            "auth_timeout": timeout_s,
        },
    }


def run_ssh_config(reaches: Mapping[str, Reach]) -> str:
    """The ssh_config of a run: one resolved block for each machine, nothing left to interpretation."""
    blocks = []
    for reach in reaches.values():
        lines = [
            f"Host {reach.alias}",
            f"HostName {reach.hostname}",
            f"Port {reach.port}",
            f"User {reach.user}",
        ]
        lines += [f"IdentityFile {path}" for path in reach.identity_files]
        lines += [f"CertificateFile {path}" for path in reach.certificate_files[:1]]
        if reach.identity_agent:
            lines.append(f"IdentityAgent {reach.identity_agent}")
        if reach.proxy_command:
            lines.append(f"ProxyCommand sh -c {shlex.quote('exec ' + reach.proxy_command)}")
        blocks.append("\n  ".join(lines) + "\n")
    return "\n".join(blocks)
