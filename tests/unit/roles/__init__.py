"""The parts of our Ansible modules that can be tried without a host."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import ansible.module_utils

ROOT = Path(__file__).resolve().parents[3]
# As Ansible does it when the role is loaded.
ansible.module_utils.__path__.append(str(ROOT / "roles/ollama_models/module_utils"))


def library(role: str, name: str) -> ModuleType:
    """A module of a role, by its file."""
    spec = importlib.util.spec_from_file_location(
        f"{role}_{name}", ROOT / "roles" / role / "library" / f"{name}.py"
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{role}/{name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
