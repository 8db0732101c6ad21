"""The roles' contracts, typed: what a role needs from us is a field here, `required` in its argument_specs.

A field's name is the role variable's name. A contract test holds both sides equal.
"""

from __future__ import annotations

import re
from typing import ClassVar, Literal, get_args

from pydantic import field_validator

from provision.model import Frozen

FirewallManager = Literal["nftables", "ufw", "firewalld"]
FIREWALL_MANAGERS: tuple[FirewallManager, ...] = get_args(FirewallManager)
Accelerator = Literal["nvidia", "cpu"]
CacheType = Literal["f16", "q8_0", "q4_0"]
"""How exactly the server keeps the context's keys and values, from the exact to the small."""


class RoleVars(Frozen):
    """Variables of one role."""

    role: ClassVar[str]


class OllamaVars(RoleVars):
    """The server: archive, unit, drop-in."""

    role = "ollama"

    ollama_version: str
    ollama_archive: str
    """URL, or an absolute path on the control machine."""
    ollama_archive_sha256: str
    ollama_bind: str
    ollama_port: int
    ollama_context_length: int
    ollama_num_parallel: int
    ollama_max_loaded_models: int
    """0 leaves it to Ollama: three for each GPU."""
    ollama_kv_cache_type: CacheType
    ollama_keep_alive: str
    ollama_models_dir: str
    ollama_accelerator: Accelerator
    ollama_adopt: bool
    """Whether a foreign ollama.service may be replaced; otherwise the role refuses."""


class WantedModel(Frozen):
    """One model a host must serve."""

    name: str
    base: str
    num_ctx: int | None
    """Set for a derived model, None for one served as it is."""
    base_digest: str | None
    """sha256 (hex) of the base's manifest; None where it is unpinned."""
    source: str
    """Name to pull, e.g. `ministral-3:14b` or `mirror.lan:8081/library/ministral-3:14b`."""
    insecure: bool
    """Plain http to the mirror."""
    size_bytes: int


class OllamaModelsVars(RoleVars):
    """What is pulled, derived, dropped."""

    role = "ollama_models"

    ollama_models_port: int
    ollama_models_dir: str
    ollama_models_wanted: tuple[WantedModel, ...]


class LanFirewallVars(RoleVars):
    """Who reaches the port."""

    role = "lan_firewall"

    lan_firewall_port: int
    lan_firewall_admit: tuple[str, ...]
    """CIDRs, IPv4 and IPv6; they become rules as they are."""
    lan_firewall_manager: FirewallManager

    @field_validator("lan_firewall_admit")
    @classmethod
    def _plain(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for cidr in value:
            if not re.fullmatch(r"[0-9a-f:.]+/[0-9]{1,3}", cidr):
                raise ValueError(f"{cidr!r} is no plain CIDR")
        return value


class HostVars(Frozen):
    """All roles of one host."""

    ollama: OllamaVars
    ollama_models: OllamaModelsVars
    lan_firewall: LanFirewallVars | None
    """None where the server listens on the loopback alone."""

    def flat(self) -> dict[str, object]:
        """One mapping of role variables, as Ansible host variables."""
        merged: dict[str, object] = {}
        for part in (self.ollama, self.ollama_models, self.lan_firewall):
            merged |= {} if part is None else part.model_dump(mode="json")
        return merged
