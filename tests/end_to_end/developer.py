"""A developer's OpenCode on a laptop, asked over HTTP as its own windows ask it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.lab.lab import LabMachine
from tests.lab.shell import LabError, until

PORT = 4096
UNIT = "developer"
PROJECT = "/home/dev/project"
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY")
ASK_S, ANSWER_S = 5, 150


@dataclass(frozen=True)
class Used:
    """A tool that a model called, and how that ended."""

    tool: str
    status: str
    said: str


@dataclass(frozen=True)
class Message:
    """One message of a session."""

    role: str
    agent: str
    model: str
    text: str
    tools: tuple[Used, ...]
    error: str
    """Its name and words; empty where there was none."""
    done: bool
    seconds: float
    """When it was begun, since the epoch."""

    @property
    def answers(self) -> bool:
        """Whether it is a whole answer in words."""
        return self.role == "assistant" and self.done and not self.error and bool(self.text.strip())


@dataclass(frozen=True)
class Talk:
    """One session as it stands."""

    id: str
    parent: str
    messages: tuple[Message, ...]

    @property
    def answer(self) -> Message:
        """The last message, which answers (AssertionError shows all of them)."""
        last = self.messages[-1]
        assert last.answers, self
        return last

    @property
    def tools(self) -> tuple[Used, ...]:
        return tuple(used for message in self.messages for used in message.tools)

    @property
    def errors(self) -> tuple[str, ...]:
        return tuple(message.error for message in self.messages if message.error)


@dataclass(frozen=True)
class Developer:
    """The user `dev` of a laptop, with keys of the stub clouds and OpenCode open in a project."""

    laptop: LabMachine

    def begin(self) -> None:
        """Set the keys, and start OpenCode's server."""
        lines = "".join(f"export {key}=sk-lab-{key.lower()}\n" for key in KEYS)
        self.laptop.write("/home/dev/.profile", lines, owner="dev", mode="0600")
        self.open()

    def open(self) -> None:
        """Start OpenCode's server anew, so that it reads what is published now."""
        self.close()
        serve = f"exec ~/.local/bin/opencode serve --hostname 0.0.0.0 --port {PORT}"
        self.laptop.run(f"install -d -o dev -g dev {PROJECT}")
        self.laptop.run(
            f"systemd-run --quiet --collect --unit={UNIT} --uid=dev --setenv=HOME=/home/dev "
            f"--working-directory={PROJECT} bash -lc '{serve}'"
        )
        # In its first seconds it may leave a request without an answer.
        until(self._serves, "OpenCode answers")

    def close(self) -> None:
        """Stop it."""
        self.laptop.run(f"systemctl stop {UNIT}.service 2>/dev/null", check=False)

    def begins(self, text: str, agent: str | None = None, title: str | None = "a test") -> str:
        """Ask, and return the session without waiting for the answer; without a title a model makes one."""
        session: str = self._http("session", {} if title is None else {"title": title})["id"]
        self.goes_on(session, text, agent)
        return session

    def goes_on(self, session: str, text: str, agent: str | None = None) -> None:
        """Ask in a session that has begun."""
        chosen = {} if agent is None else {"agent": agent}
        self._http(f"session/{session}/prompt_async", {**chosen, "parts": [{"type": "text", "text": text}]})

    def asks(self, text: str, agent: str | None = None) -> Talk:
        """Ask an agent (else the default one) and wait for an answer in words."""
        session = self.begins(text, agent)
        return self.waits(session, lambda talk: talk.messages[-1].answers)

    def waits(self, session: str, settled: Callable[[Talk], bool]) -> Talk:
        """Wait until a session is so (LabError shows how it is instead)."""
        talk = self.talk(session)

        def there() -> bool:
            nonlocal talk
            talk = self.talk(session)
            return bool(talk.messages) and settled(talk)

        try:
            until(there, "the session is so", timeout_s=ANSWER_S)
        except LabError as error:
            raise LabError(f"{error}: {talk}") from error
        return talk

    def talk(self, session: str) -> Talk:
        """A session."""
        about = self._http(f"session/{session}")
        messages = tuple(map(_message, self._http(f"session/{session}/message")))
        return Talk(session, about.get("parentID") or "", messages)

    def children(self, session: str) -> tuple[Talk, ...]:
        """The sessions that it began, oldest first."""
        begun = self._http(f"session/{session}/children")
        return tuple(self.talk(one["id"]) for one in sorted(begun, key=lambda one: one["time"]["created"]))

    def _serves(self) -> bool:
        try:
            self._http("session")
        except OSError:
            return False
        return True

    def _http(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://{self.laptop.address}:{PORT}/{path}"
        request = urllib.request.Request(url, data, {"content-type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=ASK_S) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def _message(written: Mapping[str, Any]) -> Message:
    info, parts = written["info"], written["parts"]
    model = info.get("model") or {"providerID": info.get("providerID"), "modelID": info.get("modelID")}
    fault = info.get("error") or {}
    words = str((fault.get("data") or {}).get("message", ""))
    return Message(
        role=info["role"],
        agent=info.get("agent") or info.get("mode") or "",
        model=f"{model['providerID']}/{model['modelID']}",
        text="".join(part["text"] for part in parts if part["type"] == "text"),
        tools=tuple(_used(parts)),
        error=f"{fault['name']}: {words}" if fault else "",
        done="completed" in info["time"],
        seconds=info["time"]["created"] / 1000,
    )


def _used(parts: Sequence[Mapping[str, Any]]) -> Iterator[Used]:
    for part in parts:
        if part["type"] == "tool":
            state = part["state"]
            yield Used(part["tool"], state["status"], str(state.get("error") or state.get("output") or ""))
