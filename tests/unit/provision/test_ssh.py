"""A machine's name, the site and ~/.ssh/config become one way to reach it, told to both engines alike."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from provision.errors import SiteError
from provision.site import Ssh
from provision.ssh import Reach, ansible_host_vars, openssh_argv, pyinfra_host_data, resolve, run_ssh_config
from tests.programs import need


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir(mode=0o700)
    for name in ("id_site", "id_config", "id_other"):
        (tmp_path / ".ssh" / name).write_text("key")
    return tmp_path


def config(home: Path, text: str, name: str = "config") -> None:
    path = home / ".ssh" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def reach(name: str, ssh: Ssh | None = None, user: str | None = None) -> Reach:
    return resolve(name, ssh, user, files=(Path.home() / ".ssh" / "config",))


def test_without_any_configuration(home: Path) -> None:
    found = reach("gpu.local", user="ada")
    assert (found.alias, found.hostname, found.port, found.user) == ("gpu.local", "gpu.local", 22, "ada")
    assert found.identity_files == ()
    assert found.known_hosts_files[0] == str(home / ".ssh/known_hosts")
    assert found.proxy_command is None


def test_the_configuration_is_honoured(home: Path) -> None:
    config(
        home,
        "Host gpu\n  HostName 10.0.0.9\n  Port 2222\n  User ops\n  IdentityFile ~/.ssh/id_config\n"
        "  IdentityFile ~/.ssh/absent\n  IdentitiesOnly yes\n  HostKeyAlias the-gpu\n"
        "  UserKnownHostsFile ~/.ssh/known_gpus ~/.ssh/more\n  IdentityAgent ~/agent.sock\n",
    )
    found = reach("gpu", user="ada")
    assert (found.hostname, found.port, found.user) == ("10.0.0.9", 2222, "ops")
    assert found.identity_files == (str(home / ".ssh/id_config"),)
    assert found.identities_only
    assert found.host_key_alias == found.key_name == "the-gpu"
    assert found.known_hosts_files == (str(home / ".ssh/known_gpus"), str(home / ".ssh/more"))
    assert found.identity_agent == str(home / "agent.sock")


def test_the_site_beats_the_configuration(home: Path) -> None:
    config(home, "Host gpu\n  HostName 10.0.0.9\n  Port 2222\n  User ops\n  IdentityFile ~/.ssh/id_config\n")
    found = reach("gpu", Ssh(hostname="10.0.0.1", port=23, user="root", identity="~/.ssh/id_site"))
    assert (found.hostname, found.port, found.user) == ("10.0.0.1", 23, "root")
    assert found.identity_files[0] == str(home / ".ssh/id_site")


def test_include_is_read_and_the_block_around_it_goes_on(home: Path) -> None:
    config(
        home,
        "Include conf.d/*.conf\nHost gpu\n  Port 2222\n  Include one.conf\n  User ops\n"
        "Host *\n  User nobody\n",
    )
    (home / ".ssh/conf.d").mkdir()
    config(home, "Host other\n  HostName 10.0.0.7\n", "conf.d/a.conf")
    config(home, "# nothing\nHost else\n  Port 1\n", "one.conf")
    assert reach("other").hostname == "10.0.0.7"
    assert (reach("gpu").port, reach("gpu").user) == (2222, "ops")


def test_an_include_of_itself_is_told(home: Path) -> None:
    config(home, "Include config\n")
    with pytest.raises(SiteError, match="Include goes deeper"):
        reach("gpu")


@pytest.mark.parametrize(
    "text",
    ["Host\n", "Host gpu\n  Port many\n", "just words and more\nHost\n", "Match localnetwork 10.0.0.0/8\n"],
)
def test_a_broken_configuration_is_named(home: Path, text: str) -> None:
    config(home, text)
    with pytest.raises(SiteError) as caught:
        reach("gpu")
    assert str(home / ".ssh/config") in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Host gpu\n  Port 99999\n", "Port 99999 is none of 1 to 65535"),
        ("Host gpu\n  Port -1\n", "Port -1 is none of"),
        ('Host gpu\n  HostName ""\n', "HostName '' is no host name"),
        ("Host gpu\n  HostName -oProxyCommand=id\n", "is no host name"),
        ("Host gpu\n  HostName a\x7f\u009b31m\n", "HostName 'a??31m' is no host name"),
        ('Host gpu\n  UserKnownHostsFile "~/a b\n', "No closing quotation"),
        ("Host gpu\n  UserKnownHostsFile ~nosuchuser/known\n", "~nosuchuser/known: there is no such user"),
        ("Host gpu\n  IdentityAgent ~nosuchuser/agent\n", "~nosuchuser/agent: there is no such user"),
        ("Include ~nosuchuser/config\n", "~nosuchuser/config: there is no such user"),
        ("Match exec\x1b[31m foo\n", "?[31m"),
    ],
)
def test_what_openssh_would_refuse_is_refused_here(home: Path, text: str, says: str) -> None:
    config(home, text)
    with pytest.raises(SiteError) as caught:
        reach("gpu")
    assert says in str(caught.value)
    assert str(home / ".ssh/config") in str(caught.value)


def test_a_home_that_nobody_has_is_told_where_it_stands(home: Path) -> None:
    with pytest.raises(SiteError, match=r"gpu: ssh\.identity: ~nosuchuser/id: there is no such user"):
        reach("gpu", Ssh(identity="~nosuchuser/id"))


def test_a_folder_that_is_closed_to_us_is_named(home: Path) -> None:
    config(home, "Host gpu\n  IdentityFile ~/.ssh/id_config\n")
    reach("gpu")
    with nobody(home), pytest.raises(SiteError, match=r"\.ssh/config: .*cannot be read: .*Permission denied"):
        reach("gpu")


def test_a_key_in_a_closed_folder_is_no_key(home: Path, tmp_path: Path) -> None:
    assert reach("gpu", Ssh(identity="~/" + "x" * 300)).identity_files == ()


@contextmanager
def nobody(home: Path) -> Iterator[None]:
    """As a user to whom the folder is closed."""
    (home / ".ssh").chmod(0)
    user = os.geteuid()
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        (home / ".ssh").chmod(0o700)


def test_a_command_of_match_exec_decides_but_not_for_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(home, 'Match exec "true"\n  Port 23\nMatch exec "false"\n  User never\n')
    assert (reach("gpu", user="ada").port, reach("gpu", user="ada").user) == (23, "ada")
    monkeypatch.setattr("provision.matchexec.LIMIT_S", 0.2)
    config(home, 'Match exec "sleep 47"\n  Port 23\n')
    begun = time.monotonic()
    with pytest.raises(SiteError, match=r"`sleep 47` of a Match exec did not end"):
        reach("gpu")
    assert time.monotonic() - begun < 3


def test_a_signal_breaks_off_a_command_of_match_exec(home: Path) -> None:
    config(home, 'Match exec "sleep 48"\n  Port 23\n')
    code = (
        "import signal\nfrom provision.ssh import resolve\n"
        "signal.signal(signal.SIGTERM, signal.default_int_handler)\nprint('begun', flush=True)\n"
        "try:\n    resolve('gpu')\nexcept KeyboardInterrupt:\n    print('interrupted')\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.5)
        process.terminate()
        assert process.communicate(timeout=5)[0] == "interrupted\n"


def test_a_binary_configuration_is_named(home: Path) -> None:
    (home / ".ssh/config").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SiteError, match="cannot be read"):
        reach("gpu")


def test_a_jump_is_what_openssh_itself_would_run(home: Path) -> None:
    config(home, "Host gpu\n  HostName 10.0.0.9\n  ProxyJump first,ada@last:2200\n")
    found = reach("gpu")
    assert found.proxy_jump == "first,ada@last:2200"
    argv = shlex.split(found.proxy_command or "")
    assert argv[-2:] == ["[10.0.0.9]:22", "ada@last"]
    assert argv[argv.index("-J") + 1] == "first"
    assert argv[argv.index("-p") + 1] == "2200"


@pytest.mark.parametrize(
    ("jump", "words"),
    [
        ("[fd00::1]:2222", ["-p", "2222", "-W", "[10.0.0.9]:22", "fd00::1"]),
        ("ada@[fd00::1]", ["-W", "[10.0.0.9]:22", "ada@fd00::1"]),
        ("fd00::1", ["-W", "[10.0.0.9]:22", "fd00::1"]),
        ("ssh://ada@bastion:22/", ["-p", "22", "-W", "[10.0.0.9]:22", "ada@bastion"]),
        ("ada.b@bastion.lan", ["-W", "[10.0.0.9]:22", "ada.b@bastion.lan"]),
    ],
)
def test_a_hop_in_every_form(home: Path, jump: str, words: list[str]) -> None:
    config(home, f"Host gpu\n  HostName 10.0.0.9\n  ProxyJump {jump}\n")
    found = reach("gpu")
    assert shlex.split(found.proxy_command or "")[5:] == words


@pytest.mark.parametrize(
    "jump", ["-oProxyCommand=id", "a,-Fx,b", "bastion,-x", "-x@bastion", "[fd00::1", "b:x", "u@-oX=y"]
)
def test_a_hop_that_is_none_is_refused(home: Path, jump: str) -> None:
    config(home, f"Host gpu\n  ProxyJump {jump}\n")
    with pytest.raises(SiteError, match="its jump cannot be followed"):
        reach("gpu")


def test_the_sites_jump_beats_a_proxy_command_of_the_configuration(home: Path) -> None:
    config(home, "Host gpu\n  ProxyCommand nc %h %p\n")
    assert reach("gpu").proxy_command == "nc gpu 22"
    assert reach("gpu", Ssh(jump="bastion")).proxy_jump == "bastion"
    assert "bastion" in (reach("gpu", Ssh(jump="bastion")).proxy_command or "")


def test_none_means_direct(home: Path) -> None:
    config(home, "Host gpu\n  ProxyCommand none\nHost box\n  ProxyJump none\nHost *\n  ProxyJump bastion\n")
    assert reach("gpu").proxy_command is None
    assert reach("box").proxy_command is None
    assert reach("third").proxy_jump == "bastion"


def test_ansible_is_told_all_that_was_resolved(home: Path) -> None:
    config(home, "Host gpu\n  HostName 10.0.0.9\n  HostKeyAlias g\n  IdentityFile ~/.ssh/id_config\n")
    told = ansible_host_vars(reach("gpu", Ssh(port=2222), "ops"))
    assert (told["ansible_port"], told["ansible_user"]) == (2222, "ops")
    assert told["ansible_ssh_private_key_file"] == str(home / ".ssh/id_config")
    options = shlex.split(told["ansible_ssh_common_args"])
    # A machine that vanishes in the middle is given up.
    assert {"ServerAliveInterval=15", "ServerAliveCountMax=3"} <= set(options)
    assert {"StrictHostKeyChecking=yes", "HostName=10.0.0.9", "HostKeyAlias=g", "ProxyJump=none"} <= set(
        options
    )
    assert told["ansible_ssh_host_key_checking"] is True


def test_openssh_understands_every_option_and_sees_the_same_machine(home: Path) -> None:
    need("ssh")
    config(
        home,
        "Host gpu\n  HostName 10.0.0.9\n  HostKeyAlias g\n  ProxyCommand printf 50%%\n"
        "  IdentityFile ~/.ssh/id_config\n",
    )
    argv = openssh_argv(reach("gpu", Ssh(port=2222, user="ops")))
    argv[1:1] = ["-G", "-F", "none"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"hostname 10.0.0.9", "port 2222", "user ops", "hostkeyalias g", "batchmode yes"} <= set(said)
    assert "proxycommand printf 50%%" in said
    assert f"identityfile {home}/.ssh/id_config" in said


def test_pyinfra_reads_the_runs_own_files(home: Path, tmp_path: Path) -> None:
    config(
        home, "Host gpu\n  HostName 10.0.0.9\n  Port 2222\n  IdentityFile ~/.ssh/id_config\n  ProxyJump b\n"
    )
    found = reach("gpu", user="ops")
    data = pyinfra_host_data(found, tmp_path, 4)
    assert data["ssh_config_file"] == str(tmp_path / "ssh_config")
    assert data["ssh_strict_host_key_checking"] == "yes"
    assert data["ssh_allow_agent"] is True
    assert data["ssh_paramiko_connect_kwargs"] == {"timeout": 4, "banner_timeout": 4, "auth_timeout": 4}
    (tmp_path / "ssh_config").write_text(run_ssh_config({"gpu": found}))
    again = resolve("gpu", files=(tmp_path / "ssh_config",))
    assert (again.hostname, again.port, again.user) == ("10.0.0.9", 2222, "ops")
    assert again.identity_files == found.identity_files
    assert shlex.split(again.proxy_command or "")[2] == f"exec {found.proxy_command}"
