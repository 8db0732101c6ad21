"""A test's hands on the stub clouds: how they answer, what they say, who asked them."""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.lab.layout import CLOUDS_URL
from tests.lab.products import key, product
from tests.lab.shell import LabError
from tests.lab.stubclouds.messages import Call
from tests.lab.stubclouds.script import EVERY, Request, Step, step_from

__all__ = ["AUTH_TASK", "EVERY", "Call", "Clouds", "Request", "Step", "delegation", "the_seven"]

CODE = Path(__file__).with_name("stubclouds")
TIMEOUT_S = 10
AUTH_TASK = "Refactor the auth module"
# Who is asked what on the way; the seventh delegation is the user's own, to the orchestrator.
AUTH_ORDERS = {
    "explore": "Find every caller of the auth module.",
    "oracle": "Which design should the auth module have?",
    "tdd-guide": "Which tests does the auth module need first?",
    "build-error-resolver": "Why does the auth module not build?",
    "code-reviewer": "Review the new auth module.",
    "doc-updater": "Which pages speak of the auth module?",
}
AUTH_DONE = "The auth module is refactored."


def delegation(agent: str, order: str, *, background: bool = False) -> Call:
    """A call by which the plugin's orchestrator has another agent work."""
    return Call(
        "task",
        {
            "subagent_type": agent,
            "description": f"ask {agent}",
            "prompt": order,
            "run_in_background": background,
            "load_skills": [],
        },
    )


def the_seven() -> list[Step]:
    """The orchestrator's answers to AUTH_TASK: one agent after another, then back to the user."""
    orders = [Step(AUTH_TASK, calls=(delegation(*order),)) for order in AUTH_ORDERS.items()]
    return [*orders, Step(AUTH_TASK, text=AUTH_DONE)]


@dataclass(frozen=True)
class Clouds:
    """The stub clouds of the lab, or others at that URL (LabError when they do not answer)."""

    url: str = CLOUDS_URL

    @property
    def base_urls(self) -> Mapping[str, str]:
        """Provider to what OpenCode must know as its address."""
        return base_urls(self.url)

    @property
    def page(self) -> str:
        """A page of the web; asking for it is recorded, with `web` as the provider."""
        return f"{self.url}/web/page"

    def reset(self) -> None:
        """Every model answers, no script, nothing recorded."""
        self._post("reset", {})

    def mode(self, model: str, how: str) -> None:
        """`ok`, or the status to fail with (`429`, `500`, `401`), for `provider/model` or EVERY."""
        self._post("mode", {"model": model, "how": how})

    def script(self, steps: Iterable[Step]) -> None:
        """Answers to give, after those that wait already."""
        self._post("script", [asdict(step) for step in steps])

    def requests(self) -> tuple[Request, ...]:
        """Every question since the last reset, in the order of their coming."""
        listed: list[dict[str, Any]] = self._ask("requests")
        lists = ("tools", "results", "called")
        return tuple(Request(**{**one, **{name: tuple(one[name]) for name in lists}}) for one in listed)

    def left(self) -> tuple[Step, ...]:
        """Steps that no question has taken."""
        return tuple(step_from(step) for step in self._ask("left"))

    def _post(self, switch: str, body: object) -> None:
        self._ask(switch, json.dumps(body).encode())

    def _ask(self, what: str, body: bytes | None = None) -> Any:
        # Without the machine's proxies, which know nothing of the lab.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/stub/{what}", body, TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise LabError(f"the stub clouds refuse {what}: {error.read().decode()}") from error
        except OSError as error:
            raise LabError(f"the stub clouds at {self.url} do not answer: {error}") from error


def base_urls(url: str = CLOUDS_URL) -> dict[str, str]:
    """Provider to the address that its clients build their paths on."""
    versions = {"openai": "v1", "anthropic": "v1", "google": "v1beta"}
    return {provider: f"{url}/{provider}/{version}" for provider, version in versions.items()}


def server() -> Path:
    """A folder with the server's package alone, for the machine that runs it."""
    sources = {path.name: path.read_bytes() for path in sorted(CODE.glob("*.py"))}

    def build(folder: Path) -> None:
        shutil.copytree(CODE, folder / CODE.name, ignore=shutil.ignore_patterns("__pycache__"))

    return product("stubclouds", key(*sources, *sources.values()), build)
