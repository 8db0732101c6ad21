#!/usr/bin/python3
"""Serve exactly the wanted models; models that the user pulled himself stay."""

from __future__ import annotations

import time
from pathlib import Path

from ansible.module_utils.astraeus_models.api import Api, ApiError, UnreachableError
from ansible.module_utils.astraeus_models.decide import decide, describe, needs_pull, wanted_from
from ansible.module_utils.astraeus_models.ledger import read_ledger
from ansible.module_utils.astraeus_models.serve import Room, ServeError, check_space, clear, serve
from ansible.module_utils.astraeus_models.store import broken_names
from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
module: ollama_models
short_description: Serve exactly the wanted models
description:
  - Pulls, checks digests, derives with num_ctx, drops bases that it pulled itself.
  - Removes what it made before and is no longer wanted.
  - Pulls for at most I(slice_s), then returns C(finished=false); called again it goes on.
  - In check mode it says what would be done, also where no server runs yet.
options:
  port: {description: Port of the server on loopback., type: int, required: true}
  models_dir: {description: The server's models folder., type: path, required: true}
  ledger: {description: File that remembers what we did., type: path, required: true}
  margin_bytes: {description: Space to be left over., type: int, required: true}
  slice_s: {description: How long one call pulls., type: int, required: true}
  wanted:
    description: What is served.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: Name for clients., type: str, required: true}
      base: {description: What it is derived from., type: str, required: true}
      num_ctx: {description: Context of a derived model., type: int}
      base_digest: {description: Pinned sha256 of the base's manifest., type: str}
      source: {description: Name to pull., type: str, required: true}
      insecure: {description: Plain http., type: bool, required: true}
      size_bytes: {description: Size to make room for., type: int, required: true}
author: [astraeus-provision]
attributes:
  check_mode: {support: full, description: Says what would be done.}
  diff_mode: {support: full, description: Shows the served names before and after.}
"""
EXAMPLES = """
- name: Serve the wanted models
  ollama_models:
    port: 11434
    models_dir: /var/lib/ollama/models
    ledger: /var/lib/astraeus/ollama-models.json
    margin_bytes: 1000000000
    slice_s: 20
    wanted: "{{ ollama_models_wanted }}"
  register: served
  until: served is failed or served.finished
  retries: 100000
  delay: 0
"""
RETURN = """
finished: {description: Whether all is done., type: bool, returned: success}
msg: {description: What was done, or how far a pull is., type: str, returned: success}
"""

ARGUMENTS = {
    "port": {"type": "int", "required": True},
    "models_dir": {"type": "path", "required": True},
    "ledger": {"type": "path", "required": True},
    "margin_bytes": {"type": "int", "required": True},
    "slice_s": {"type": "int", "required": True},
    "wanted": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "base": {"type": "str", "required": True},
            "num_ctx": {"type": "int"},
            "base_digest": {"type": "str"},
            "source": {"type": "str", "required": True},
            "insecure": {"type": "bool", "required": True},
            "size_bytes": {"type": "int", "required": True},
        },
    },
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    started_s = time.monotonic()
    models_dir, ledger_path = Path(module.params["models_dir"]), Path(module.params["ledger"])
    wanted = [wanted_from(item) for item in module.params["wanted"]]
    ledger = read_ledger(ledger_path)
    api = Api(module.params["port"])
    try:
        live = api.tags()
    except UnreachableError as error:
        if not module.check_mode:
            module.fail_json(msg=f"the server is not there: {error}")
        live = {}

    broken = broken_names(models_dir, [name for model in wanted for name in (model.name, model.base)])
    work = decide(wanted, ledger, live, broken)
    if work.is_empty:
        module.exit_json(changed=False, finished=True, msg="every model is right")
    todo = describe(work, ledger, live, broken)
    names = {model.name for model in wanted}
    diff = {
        "before": "".join(f"{name}\n" for name in sorted(set(ledger.models) & set(live))),
        "after": "".join(f"{name}\n" for name in sorted(names)),
    }
    room = Room(
        api=api,
        models_dir=models_dir,
        ledger_path=ledger_path,
        ledger=ledger,
        margin_bytes=module.params["margin_bytes"],
        deadline_s=started_s + module.params["slice_s"],
    )
    try:
        missing = [
            model
            for model in work.serve
            if model.name not in live and needs_pull(model, ledger, live, broken)
        ]
        if module.check_mode:
            if not work.delete:
                check_space(models_dir, missing, room.margin_bytes)
            module.exit_json(changed=True, finished=True, msg="would " + ", ".join(todo), diff=diff)
        clear(room, work)
        check_space(models_dir, missing, room.margin_bytes)
        unfinished = serve(room, work, names)
    except (ServeError, ApiError) as error:
        module.fail_json(msg=str(error))
    if unfinished:
        module.exit_json(changed=True, finished=False, msg=unfinished)
    module.exit_json(changed=True, finished=True, msg=", ".join(todo) or "ledger corrected", diff=diff)


if __name__ == "__main__":
    main()
