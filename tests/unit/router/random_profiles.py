"""Any valid profile on any pool, at random from a seed."""

from __future__ import annotations

import random
from typing import Any

from provision.catalogue import load_catalogue
from router.clouds import CLOUDS
from router.profile import POOL, SHIPPED_AGENTS, Profile, ProfileError
from router.render import Rendered, render
from router.resolve import resolve

POOL_MODELS = load_catalogue().model_names
PLUGIN = "file:///home/dev/plugin"
ODD = (
    "Schreibt: Verse: „schön“, 5 €.",
    'quotes "and" \\ slashes',
    "# no comment",
    "- one\n- two",
    "{env:HOME} *",
    "yes",
)
CAPABILITIES = ("edit", "fetch", "shell", "delegate")


def random_profile(rng: random.Random) -> Profile:
    """Shipped agents and others, chains of any length, texts that a format could trip over."""
    models = [*(f"{POOL}/{name}" for name in POOL_MODELS), *CLOUDS.models]
    names = [
        *rng.sample(SHIPPED_AGENTS, rng.randint(1, len(SHIPPED_AGENTS))),
        *rng.sample(["poet", "x-2"], 1),
    ]
    agents: dict[str, Any] = {}
    for name in rng.sample(names, len(names)):
        agents[name] = {
            "models": rng.sample(models, rng.randint(1, len(models))),
            "may": rng.sample(CAPABILITIES, rng.randint(0, 4)),
        }
        if name not in SHIPPED_AGENTS or rng.random() < 0.2:
            agents[name] |= {"description": rng.choice(ODD), "prompt": rng.choice(ODD)}
    limits = {name: rng.randint(1, 64) for name in rng.sample([POOL, *CLOUDS.providers], rng.randint(0, 4))}
    return Profile.model_validate(
        {
            "name": "x",
            "agents": agents,
            "small_model": rng.choice(models),
            "cloud_fallback": rng.random() < 0.7,
            "provider_limits": limits,
        }
    )


def random_rendering(seed: int, plugin: str | None) -> Rendered | None:
    """A profile as it is written for a pool; None where the pool cannot keep it."""
    rng = random.Random(seed)
    offered = rng.sample(POOL_MODELS, rng.randint(0, len(POOL_MODELS)))
    pool = {name: f"{rng.choice(['ollama', 'ollama-b'])}/{name}" for name in offered}
    try:
        found = resolve(
            random_profile(rng), offered, pool_slots=rng.randint(1, 8), workstations=rng.randint(1, 5)
        )
    except ProfileError:  # no link is left
        return None
    return render(found, pool, plugin=plugin, opencode="1.0")
