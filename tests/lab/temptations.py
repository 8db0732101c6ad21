"""Tool calls that a word in the prompt makes a model of the lab try, whether it may or not."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.lab.layout import CLOUDS_URL

QWEN = "qwen3-coder"  # names of Ollama's own prompt renderers and answer parsers
LFM = "lfm2-thinking"
PROBE_TOOL = "astraeus_probe"
PROBE_NUMBER = 7

Argument = str | int | bool | list[str]

# Marker in the prompt to a tool of OpenCode and its arguments. Paths are below the folder that it runs in.
TEMPTATIONS: Mapping[str, tuple[str, Mapping[str, Argument]]] = {
    "[[write]]": ("write", {"filePath": "written-by-a-model", "content": "mine"}),
    # An empty old text makes a file, so nothing need be read before.
    "[[edit]]": ("edit", {"filePath": "edited-by-a-model", "oldString": "", "newString": "mine"}),
    "[[bash]]": ("bash", {"command": "touch run-by-a-model", "description": "make a file"}),
    "[[webfetch]]": ("webfetch", {"url": f"{CLOUDS_URL}/web/page", "format": "text"}),
    "[[task]]": (
        "task",
        {
            "subagent_type": "explore",
            "description": "ask explore",
            "prompt": "Look around.",
            "run_in_background": False,
            "load_skills": [],
        },
    ),
}


def rules(dialect: str) -> dict[str, str]:
    """Marker to the text by which a model of that dialect calls the tool."""
    calls = {PROBE_TOOL: (PROBE_TOOL, {"number": PROBE_NUMBER}), **TEMPTATIONS}
    say = _lfm if dialect == LFM else _qwen
    return {marker: say(tool, arguments) for marker, (tool, arguments) in calls.items()}


def _qwen(tool: str, arguments: Mapping[str, Argument]) -> str:
    parameters = "".join(
        f"<parameter={name}>\n{value if isinstance(value, str) else json.dumps(value)}\n</parameter>\n"
        for name, value in arguments.items()
    )
    return f"<tool_call>\n<function={tool}>\n{parameters}</function>\n</tool_call>"


def _lfm(tool: str, arguments: Mapping[str, Argument]) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    return f"<|tool_call_start|>[{tool}({said})]<|tool_call_end|>"
