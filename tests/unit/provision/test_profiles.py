"""Profiles by name or file: `extends`, and every mistake with its file and line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from provision.errors import SiteError
from provision.profiles import load_profile
from provision.routercommands import profile_schema
from router.profile import shipped

OWN = "extends: hybrid-cloud-ollama\nname: ours\nagents:\n"


def test_a_shipped_profile_asks_for_nothing_by_name() -> None:
    for name in shipped():
        chosen = load_profile(name)
        assert chosen is not None
        assert (chosen.profile.name, chosen.named) == (name, frozenset())
    assert load_profile("none") is None


def test_a_file_changes_one_agent_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "extends: hybrid-cloud-ollama\nname: ours\ncloud_fallback: false\n"
        "agents:\n  explore: {may: [fetch]}\n  journalist: {models: [ollama/qwen3-coder-32k]}\n"
    )
    chosen, base = load_profile(str(path)), load_profile("hybrid-cloud-ollama")
    assert chosen is not None
    assert base is not None
    assert chosen.profile.agents["explore"].may == ("fetch",)
    assert chosen.profile.agents["explore"].models == base.profile.agents["explore"].models
    assert chosen.profile.agents["oracle"] == base.profile.agents["oracle"]
    assert chosen.profile.cloud_fallback is False
    assert chosen.named == {"qwen3-coder-32k"}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("extends: nobody\n", 1, "no shipped profile"),
        ("extends: hybrid-cloud-ollama\nagents:\n  explore:\n    modles: []\n", 4, "did you mean 'models'?"),
        (
            "extends: hybrid-cloud-ollama\nagents:\n  explore: {may: [fetch]}\n  explore: {}\n",
            4,
            "stands twice",
        ),
        ("extends: hybrid-cloud-ollama\nsmall_model: openai/gpt-99\n", 2, "unknown model"),
        ("extends: hybrid-cloud-ollama\ncloud_fallback: 'no'\n", 2, "write true or false, without quotes"),
        ("extends: hybrid-cloud-ollama\nprovider_limits: {openai: '4'}\n", 2, "write it without quotes: 4"),
        ("extends:\n", 1, "extends: has no value"),
        ("extends: [a]\n", 1, "extends: ['a'] is no shipped profile"),
        (
            "extends: hybrid-cloud-ollama\nname: x\nagents:\n  mine: {models: [openai/gpt-4o], prompt: }\n",
            4,
            "agents.mine.prompt: has no value",
        ),
        (f"{OWN}  Oracle: {{}}\n", 4, "agents.Oracle: is not an agent's name: small letters"),
        (f"{OWN}  {'a' * 65}: {{}}\n", 4, "is longer than 64 characters"),
        (f"{OWN}  explore: {{models: [gpt-4o]}}\n", 4, "is not a model: a provider and its model, such as"),
        (f'{OWN}  explore: {{models: ["ollama/\\e[31m"]}}\n', 4, "is not a model"),
        ("extends: hybrid-cloud-ollama\nname: Mine\n", 2, "name: is not a name: small letters"),
        ("", 1, "the file is empty"),
        ("- x\n", 1, "must be a mapping"),
        ("agents: {}\n", 1, "is required"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(SiteError) as caught:
        load_profile(str(path))
    assert f"{path}:{line}:" in caught.value.problem
    assert said in str(caught.value)


@pytest.mark.parametrize("character", ["\\ud800", "\\e", "\\0", "\\r", "\\x7f", "\\x9b"])
@pytest.mark.parametrize("key", ["title", "description", "prompt"])
def test_no_text_carries_what_nobody_sees(tmp_path: Path, key: str, character: str) -> None:
    texts = {"title": "x", "description": "x", "prompt": "x", key: f"a{character}b"}
    path = tmp_path / "own.yaml"
    path.write_text(
        f'extends: hybrid-cloud-ollama\nname: ours\ntitle: "{texts["title"]}"\nagents:\n  mine:\n'
        f'    models: [openai/gpt-4o]\n    description: "{texts["description"]}"\n'
        f'    prompt: "{texts["prompt"]}"\n'
    )
    line = {"title": 3, "description": 7, "prompt": 8}[key]
    with pytest.raises(SiteError) as caught:
        load_profile(str(path))
    assert caught.value.problem.startswith(f"{path}:{line}:")
    assert len(caught.value.problem.splitlines()) == 1


def test_a_text_has_lines_tabs_and_any_script(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    text = "Schreib Verse.\n\tÉ, 詩, \U0001f600, אב."
    path.write_bytes(
        f"extends: hybrid-cloud-ollama\r\nname: ours\r\nagents:\r\n  explore:\r\n    prompt: |\r\n"
        f"      {text.replace(chr(10), chr(13) + chr(10) + '      ')}\r\n".encode()
    )
    chosen = load_profile(str(path))
    assert chosen is not None
    assert chosen.profile.agents["explore"].prompt == f"{text}\n"


def test_an_unknown_name_and_a_missing_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="profile 'hybrid' is unknown"):
        load_profile("hybrid")
    with pytest.raises(SiteError, match="no such file"):
        load_profile(str(tmp_path / "no.yaml"))


def test_the_published_schema_takes_what_is_shipped(tmp_path: Path) -> None:
    schema = yaml.safe_load(profile_schema())
    for name in shipped():
        text = (Path(__file__).parents[3] / "router" / "profiles" / f"{name}.yaml").read_text()
        jsonschema.validate(yaml.safe_load(text), schema)
    jsonschema.validate({"extends": "hybrid-cloud-ollama"}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"agents": {"explore": {"modles": []}}}, schema)
