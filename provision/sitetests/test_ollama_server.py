"""The server: what runs, where it listens, what it says, who may write its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provision.rolevars import OllamaVars

Ask = Callable[..., dict[str, Any]]

UNIT = "ollama.service"
DROP_IN = "/etc/systemd/system/ollama.service.d/10-astraeus.conf"


def journal(host: Any) -> str:
    """What the service said last; a failed test must show it."""
    return str(host.run(f"journalctl -u {UNIT} -n 20 --no-pager").stdout)


def test_the_service_runs_now_and_at_boot(host: Any) -> None:
    service = host.service(UNIT)
    assert service.is_running, journal(host)
    assert service.is_enabled


def test_the_server_says_the_pinned_version(ask: Ask, ollama: OllamaVars) -> None:
    assert ask(ollama.ollama_port, "/api/version")["version"] == ollama.ollama_version


def test_the_server_listens_where_the_site_says(host: Any, ollama: OllamaVars) -> None:
    port = ollama.ollama_port
    listening = host.check_output(f"ss -Hltn 'sport = :{port}'").split()[3].rpartition(":")[0]
    # Go listens on both families when it is told 0.0.0.0, and ss then says *.
    assert listening in (("*", "0.0.0.0") if ollama.ollama_bind == "0.0.0.0" else (ollama.ollama_bind,))  # noqa: S104


def test_the_server_runs_as_its_own_user(host: Any) -> None:
    pid = host.check_output(f"systemctl show {UNIT} --property=MainPID --value")
    assert host.check_output(f"stat -c %U /proc/{pid}") == "ollama"
    assert host.user("ollama").shell.endswith(("nologin", "false"))


def test_killing_the_server_takes_its_runners_along(host: Any) -> None:
    assert host.check_output(f"systemctl show {UNIT} --property=KillMode --value") == "control-group"


def test_cloud_models_are_off(ask: Ask, ollama: OllamaVars) -> None:
    assert ask(ollama.ollama_port, "/api/status")["cloud"]["disabled"] is True


def test_systemd_knows_the_settings(host: Any, ollama: OllamaVars) -> None:
    known = host.check_output(f"systemctl show {UNIT} --property=Environment --value").split()
    assert f"OLLAMA_CONTEXT_LENGTH={ollama.ollama_context_length}" in known
    assert f"OLLAMA_MODELS={ollama.ollama_models_dir}" in known
    assert f"OLLAMA_NUM_PARALLEL={ollama.ollama_num_parallel}" in known
    assert f"OLLAMA_MAX_LOADED_MODELS={ollama.ollama_max_loaded_models}" in known
    exact = ollama.ollama_kv_cache_type == "f16"
    assert (f"OLLAMA_KV_CACHE_TYPE={ollama.ollama_kv_cache_type}" in known) is not exact
    assert f"OLLAMA_KEEP_ALIVE={ollama.ollama_keep_alive}" in known


def test_the_command_leads_to_the_pinned_release(host: Any, ollama: OllamaVars) -> None:
    release = f"{ollama.ollama_version}-{ollama.ollama_archive_sha256[:12]}"
    assert (
        host.check_output("readlink -f /usr/local/bin/ollama") == f"/opt/astraeus/ollama/{release}/bin/ollama"
    )


@pytest.mark.parametrize(
    ("path", "owner", "mode"),
    [
        ("/etc/systemd/system/ollama.service", "root", 0o644),
        (DROP_IN, "root", 0o644),
        ("/usr/local/bin/ollama", "root", 0o755),
        ("/var/lib/ollama", "ollama", 0o750),
    ],
)
def test_only_its_owner_writes(host: Any, path: str, owner: str, mode: int) -> None:
    file = host.file(host.check_output(f"readlink -f {path}"))
    assert (file.user, file.group, oct(file.mode)) == (owner, owner, oct(mode))


def test_the_models_folder_is_the_servers(host: Any, ollama: OllamaVars) -> None:
    folder = host.file(ollama.ollama_models_dir)
    assert (folder.is_directory, folder.user, oct(folder.mode)) == (True, "ollama", oct(0o750))
