"""The questions about the Ollama that a host already has. Pure; a question yields what it finds wrong."""

from __future__ import annotations

from pathlib import PurePosixPath

from provision.disk import disk_need
from provision.facts import PortOwner
from provision.findings import Case, Findings
from provision.hostvars import MODELS_DIR

HOMES = tuple(PurePosixPath(path) for path in ("/home", "/root", "/run/user"))
"""What `ProtectHome=yes` hides from the server."""


def _owner(owner: PortOwner) -> str:
    if owner.container:
        return f"container {owner.container}"
    if owner.unit:
        return f"{owner.unit}" + (f" ({owner.process})" if owner.process else "")
    if owner.process:
        return f"{owner.process} (process {owner.pid})"
    return "a program that cannot be named without root"


def existing_ollama(case: Case) -> Findings:
    """An Ollama that is not ours is adopted or refused by choice; others on the port are in the way."""
    found, port = case.facts.ollama, case.catalogue.ollama.port
    match found.kind:
        case "unit" if case.host.existing_ollama == "refuse":
            yield case.blocks(
                f"an Ollama that we did not install is there: {found.unit_path or 'ollama.service'}",
                "remove it there; or, to take it over (its unit is backed up, its models stay): "
                + case.by_site("existing_ollama: adopt"),
            )
        case "docker":
            yield case.blocks(
                f"an Ollama runs there in the container {found.container}",
                f"stop it (`docker stop {found.container}`), so that the port {port} and the GPU are free",
            )
        case "process":
            pid = case.facts.port_owner.pid
            yield case.blocks(
                f"an Ollama runs there that no service keeps ({_owner(case.facts.port_owner)})",
                f"stop it (`kill {pid}`)" if pid else "stop it (`pkill -x ollama` as root)",
            )
        case "none" if case.facts.port_taken:
            yield from _foreign_command(case)
            yield case.blocks(
                f"its port {port} is taken by {_owner(case.facts.port_owner)}",
                f"stop that, or move it to another port (`ss -ltnp 'sport = :{port}'` shows it)",
            )
        case "none" | "ours":
            yield from _foreign_command(case)
            yield from _foreign_on_port(case)
        case "unit":
            yield from _foreign_on_port(case)
        case _:
            return


def _foreign_command(case: Case) -> Findings:
    """What is left of an Ollama that somebody half removed is in our way too."""
    command = case.facts.ollama.command
    if command is not None and case.host.existing_ollama == "refuse":
        yield case.blocks(
            f"an Ollama that we did not install is there: {command}",
            f"remove it there; or, to keep it: {case.by_site('existing_ollama: adopt')}",
        )


def _foreign_on_port(case: Case) -> Findings:
    owner, port = case.facts.port_owner, case.catalogue.ollama.port
    named = owner.container or owner.process
    if case.facts.port_taken and named and owner.unit != "ollama.service":
        yield case.blocks(
            f"its ollama.service is there, but its port {port} is taken by {_owner(owner)}",
            "stop that other program",
        )


def models_folder(case: Case) -> Findings:
    """The server is shut out of homes, so models must not lie in one."""
    folder = disk_need(case.host, case.site, case.catalogue, case.facts).models_dir
    if any(home in PurePosixPath(folder).parents for home in HOMES):
        yield case.blocks(
            f"its Ollama has its models in {folder}, and our server is shut out of homes (ProtectHome)",
            f"move them there from {folder} to {MODELS_DIR} while it is stopped, and set "
            f"`Environment=OLLAMA_MODELS={MODELS_DIR}` in its ollama.service; or remove it there",
        )
