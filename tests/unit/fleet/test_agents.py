"""What publishing writes for agents, what of it the user may have otherwise, and what is given back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

import pytest

from provision.catalogue import load_catalogue
from provision.fleet.workstation.intent import Intent, asked_files, intend
from provision.fleet.workstation.reading import Folders, FoundFile
from provision.fleet.workstation.shapes import Order, Plugin, PluginPackage
from provision.fleet.workstation.sharedfile import FileChange, Refused
from provision.fleet.workstation.withdrawal import withdraw
from router.chain import PLACE
from router.jsonc import load
from router.jsonc_edit import set_path
from tests.unit.fleet.homes import order
from tests.unit.router.test_resolve import profile, resolved

HOME = "/home/dev"
FOLDERS = Folders(HOME, f"{HOME}/.config", f"{HOME}/.local/state", "/bin/bash", 1000)
CONFIG = f"{HOME}/.config/opencode/opencode.json"
OMO = f"{HOME}/.omo/omo.jsonc"
SECURITY = f"{HOME}/.config/opencode/agents/security.md"
PLUGIN = Plugin(version="1.0", packages={"p": PluginPackage(version="1.0", integrity="sha512-x")})


def wanted(name: str = "hybrid-cloud-ollama") -> Order:
    return order(*load_catalogue().model_names).model_copy(
        update={"agents": resolved(profile(name)), "plugin": PLUGIN}
    )


def file(path: str, text: str, mode: str = "600") -> FoundFile:
    content = text.encode()
    return FoundFile(path, "file", mode, 1000, len(content), sha256(content).hexdigest(), content)


def found(*files: FoundFile) -> dict[str, FoundFile]:
    own = (CONFIG, f"{CONFIG}c", FOLDERS.ledger)
    paths = (*own, *asked_files(wanted(), FOLDERS))
    return {path: FoundFile(path) for path in paths} | {one.path: one for one in files}


def after(before: Mapping[str, FoundFile], changes: tuple[FileChange, ...]) -> dict[str, FoundFile]:
    files = dict(before)
    for change in changes:
        path = change.found.path
        new = FoundFile(path) if change.new is None else file(path, change.new.decode(), change.mode)
        files[path] = new
    return files


def published(before: dict[str, FoundFile], of: Order | None = None) -> tuple[dict[str, FoundFile], Intent]:
    intent = intend(before, FOLDERS, of or wanted())
    files = after(before, intent.files)
    assert intend(files, FOLDERS, of or wanted()).files == (), "a second time there is nothing to write"
    return files, intent


def content(files: Mapping[str, FoundFile], path: str) -> str:
    return (files[path].content or b"").decode()


USERS = [
    file(CONFIG, '{\n  // hers\n  "theme": "x",\n  "plugin": ["hers"],\n}\n', "644"),
    file(OMO, '// hers\n{ "[opencode]": { "agents": { "oracle": { "temperature": 0.1 } } } }\n', "640"),
    file(SECURITY, "---\ndescription: hers\n---\n"),
]


def test_everything_comes_and_goes_and_the_user_s_bytes_are_there_again() -> None:
    for mine in ([], USERS[:1], USERS[1:2], USERS):
        before = found(*mine)
        files, _ = published(before)
        files, _ = published(files, wanted("hybrid-claude-ollama"))
        plan = withdraw(files, FOLDERS)
        assert plan is not None
        assert {**after(files, plan.files), FOLDERS.ledger: FoundFile(FOLDERS.ledger)} == before
        assert withdraw(before, FOLDERS) is None


def test_what_the_user_added_to_a_model_of_ours_stays_and_is_said() -> None:
    files, _ = published(found())
    hers = set_path(
        content(files, CONFIG), ("provider", "ollama", "models", "qwen3-coder-32k", "options"), {"top_p": 1}
    )
    plan = withdraw({**files, CONFIG: file(CONFIG, hers)}, FOLDERS)
    assert plan is not None
    left = {"provider": {"ollama": {"models": {"qwen3-coder-32k": {"options": {"top_p": 1}}}}}}
    assert load(content(after(files, plan.files), CONFIG)) == left
    assert plan.change.kept == (
        f"{CONFIG}: provider.ollama.models.qwen3-coder-32k stays with what its user gave it; ours in it goes",
    )


def test_nothing_of_the_other_profile_remains() -> None:
    files, _ = published(found())
    files, _ = published(files, wanted("hybrid-claude-ollama"))
    files, _ = published(files)
    fresh, _ = published(found())
    for path in files:
        if path != FOLDERS.ledger:
            assert content(files, path) == content(fresh, path), path


def test_what_a_profile_loosened_is_tight_again_with_the_next() -> None:
    loose = profile("hybrid-cloud-ollama")
    explore = loose.agents["explore"].model_copy(update={"may": ("edit", "fetch")})
    loose = loose.model_copy(update={"agents": {**loose.agents, "explore": explore}})
    looser = wanted().model_copy(update={"agents": resolved(loose)})
    fresh, _ = published(found())
    files, _ = published(fresh, looser)
    assert '"edit*": "allow"' in content(files, OMO)
    files, _ = published(files)
    assert content(files, OMO) == content(fresh, OMO)


def test_the_user_s_own_model_for_an_agent_stays_and_is_not_confirmed_as_ours() -> None:
    own = '{"[opencode]": {"agents": {"explore": {"model": "openai/gpt-4o"}}}}'
    files, intent = published(found(file(OMO, own), file(SECURITY, "hers\n")))
    plugin = load(content(files, OMO))
    assert isinstance(plugin, dict)
    assert json.loads(json.dumps(plugin))["[opencode]"]["agents"]["explore"]["model"] == "openai/gpt-4o"
    assert content(files, SECURITY) == "hers\n"
    assert any("explore.model stays" in text for text in intent.change.kept)
    assert any(SECURITY in text for text in intent.change.kept)
    agents = intent.order.confirm.agents
    assert "explore" not in agents
    assert "security" not in agents
    assert agents["Sisyphus - ultraworker"] == "openai/gpt-5.2"


def test_the_user_s_own_chain_for_an_agent_is_nothing_that_our_plugin_goes_on_with() -> None:
    own = '{"[opencode]": {"agents": {"oracle": {"fallback_models": ["openai/gpt-4o"]}}}}'
    files, _ = published(found(file(OMO, own)))
    chain_js = content(files, f"{FOLDERS.config_home}/{PLACE}")
    chains = json.JSONDecoder().raw_decode(chain_js.partition("const CHAINS = ")[2])[0]
    assert "oracle" not in chains
    assert "explore" in chains
    given_up, _ = published({**files, OMO: file(OMO, "{}")})
    assert '"oracle": [' in content(given_up, f"{FOLDERS.config_home}/{PLACE}")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (file(OMO, '{\n "a": \n}'), "line 3"),
        (FoundFile(OMO, "symlink"), "symbolic link"),
        (FoundFile(OMO, "other"), "no plain file"),
    ],
)
def test_a_plugin_file_that_cannot_be_edited_leaves_everything_as_it_is(broken: FoundFile, said: str) -> None:
    with pytest.raises(Refused, match=said):
        intend(found(broken), FOLDERS, wanted())


def test_without_agents_their_files_go() -> None:
    files, _ = published(found())
    plain = wanted().model_copy(update={"agents": None, "plugin": None})
    intent = intend(files, FOLDERS, plain)
    left = {path for path, one in after(files, intent.files).items() if one.kind != "absent"}
    assert left == {CONFIG, FOLDERS.ledger}
    assert intend(after(files, intent.files), FOLDERS, plain).files == ()
    assert "plugin" not in content(after(files, intent.files), CONFIG)


def test_the_user_s_own_gateway_to_a_cloud_stays_and_is_said() -> None:
    of = wanted().model_copy(update={"clouds": {"openai": "https://site.example/v1"}})
    own = '{"provider": {"openai": {"options": {"baseURL": "https://me:pw@hers.example/v1"}}}}'
    files, intent = published(found(file(CONFIG, own)), of)
    assert "https://me:pw@hers.example/v1" in content(files, CONFIG)
    said = [text for text in intent.change.kept if text.startswith("provider.openai.options.baseURL stays")]
    assert len(said) == 1
    assert "hers.example" in said[0]
    assert "site.example" in said[0]
    assert "pw" not in said[0]
    bare, intent = published(found(), of)
    assert '"baseURL": "https://site.example/v1"' in content(bare, CONFIG)
    assert intent.change.kept == ()


TUI = f"{HOME}/.config/opencode/tui.json"
OLD = f"file://{HOME}/.local/share/astraeus-provision/plugin/0.9/node_modules/oh-my-openagent"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f'{{\n  "plugin": [\n    "{OLD}"\n  ]\n}}', None),
        (f'{{"theme": "x", "plugin": ["hers", "{OLD}"]}}', '{"theme": "x", "plugin": ["hers"]}'),
        (f'/* hers */ {{"plugin": ["{OLD}"]}}', '/* hers */ {"plugin": []}'),
        ('{"plugin": ["hers"]}', '{"plugin": ["hers"]}'),
        ('{"plugin": [', '{"plugin": ['),
    ],
)
def test_what_opencode_wrote_of_our_plugin_goes_with_it(text: str, left: str | None) -> None:
    files, _ = published(found())
    files[TUI] = file(TUI, text)
    plan = withdraw(files, FOLDERS)
    assert plan is not None
    gone = after(files, plan.files)[TUI]
    assert (gone.content or b"").decode() == (left or "")
    assert (gone.kind == "absent") == (left is None)
    updated, _ = published(files)
    assert updated[TUI] == gone
