"""The facts that the smoke script is told, and how it reads JSON."""

from __future__ import annotations

import json
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from router.smoke import OWN_URLS
from tests.unit.router.station import CONTEXT, FLASH, GPT, MODEL, REF, SHELLS, SISYPHUS, in_shell, the_facts

pytestmark = pytest.mark.programs


def test_the_facts_are_a_line_each() -> None:
    assert the_facts().splitlines() == [
        "opencode\t1.18.33",
        "plugin\t4.19.4",
        "router\t24100",
        f"context\t{CONTEXT}",
        "config\t/home/a/.config/opencode/opencode.json",
        f"model\t{MODEL}\t{REF}\tyes\t57",
        f"host\tgpu1\thttp://10.0.0.1:11434\t{MODEL}",
        f"agent\tsisyphus\t{SISYPHUS}\tcloud\thigh\ttrusted\tedit,fetch,delegate\t{GPT}>{FLASH}",
        f"agent\texplore\texplore\tgpu\tfree\tuntrusted\t-\t{REF}>{FLASH}",
        f"agent\tsecurity\tsecurity\tcloud\thigh\ttrusted\tedit\t{GPT}",
        f"cloud\tgoogle\tGOOGLE_GENERATIVE_AI_API_KEY,GEMINI_API_KEY\t{OWN_URLS['google']}",
        "cloud\topenai\tOPENAI_API_KEY\thttps://ai.example/v1",
        "end\t12",
    ]


def test_what_is_not_there_has_no_line() -> None:
    plain = the_facts(plugin=None, routed=False, shown=("sisyphus", "explore"))
    words = [line.split("\t")[0] for line in plain.splitlines()]
    assert "plugin" not in words
    assert "router" not in words
    assert "agent\tsisyphus\tsisyphus\t" in plain
    assert "security" not in plain, "the user gave it another model: it is hers"
    assert [line.split("\t")[0] for line in the_facts(resolved=None).splitlines()][-2:] == ["host", "end"]


def test_a_field_that_would_break_its_line_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be a field"):
        the_facts(config="/home/a\tb")


def flattened(value: object, path: tuple[str, ...] = ()) -> list[str]:
    if isinstance(value, dict):
        return [line for key, one in value.items() for line in flattened(one, (*path, key))]
    if isinstance(value, list):
        return [line for at, one in enumerate(value) for line in flattened(one, (*path, str(at)))]
    text = value if isinstance(value, str) else json.dumps(value)
    return ["\037".join(path) + "\t" + text.translate({10: " ", 9: " "})]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_read_as_it_is(shell: str, indent: int | None, tmp_path: Path) -> None:
    told = {
        "a": {'q"uo\\te': 'say "no" // and /* on */ \\', "b:c": [1, -2.5e3, True, None, [], {"d": "é"}]},
        "{": "}],:",
        "lines": "one\ntwo\tthree",
        "": {"empty": "", "deep": [[1, [2]], {"x": [{"y": 3}]}]},
    }
    file = tmp_path / "x.json"
    file.write_text(json.dumps(told, indent=indent, ensure_ascii=False), "utf-8")
    assert flat(shell, file) == flattened(told)


@pytest.mark.parametrize("shell", SHELLS)
def test_comments_are_read_over(shell: str, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonc"
    file.write_text(
        '\ufeff// one "a": 1\n{ /* two\n "b": 2 */ "c": [3, // three\n 4,],\r\n'
        '"d": "http://x", /**/ "e": 5, "f": "a\\u00e9b",}\n',
        "utf-8",
    )
    assert flat(shell, file) == ["c\0370\t3", "c\0371\t4", "d\thttp://x", "e\t5", "f\ta?b"]


def flat(shell: str, file: Path) -> list[str]:
    text = (files("router") / "smokes" / "json.sh").read_text("utf-8") + 'flat "$1"\n'
    run = subprocess.run(
        [*in_shell(shell), "-c", text, "sh", str(file)], capture_output=True, check=True, encoding="utf-8"
    )
    return run.stdout.split("\n")[:-1]
