"""The user's file keeps what is the user's, gets what is ours, and gives it back."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from router.endpoint import Endpoint, OfferedModel
from router.jsonc import JsoncError, load
from router.jsonc_edit import set_path
from router.merge import Memory, merge, merge_named
from router.opencode import RouterSettings, Setting, provider_ids, settings
from router.view import diff, owned_view


def _model(name: str) -> OfferedModel:
    return OfferedModel(
        name=name, title=name.upper(), context=4096, output=512, tool_call=True, reasoning=False
    )


def _site(
    *hosts: str, models: tuple[str, ...] = ("m1:14b", "m2"), default: str | None = "m1:14b"
) -> RouterSettings:
    ends = [Endpoint(name=h, url=f"http://{h}:4242", models=tuple(map(_model, models))) for h in hosts]
    return settings(ends, default)


ONE = _site("a.local")
USER = """{
  // my editor
  "theme": "dark", // keep
  "model": "openai/gpt-5.2",
  "provider": {
    "openai": { "options": { "apiKey": "sk-live-123" } }, /* paid */
    "ollama": {
      "name": "my own ollama",
      "options": { "baseURL": "http://me:pw@localhost:9/v1?k=sk-q", "apiKey": "sk-local" },
      "models": { "m1:14b": { "name": "mine", "options": { "temperature": 0 } }, "tiny": { "name": "tiny" } }
    }
  },
}
"""


def _value(text: str) -> Any:
    return load(text)


def test_a_new_file_holds_schema_default_and_limits_equal_to_the_servers() -> None:
    done = merge(None, ONE, None)
    made = json.loads(done.text)
    assert list(made) == ["$schema", "model", "provider"]
    assert made["model"] == "ollama/m1:14b"
    assert made["provider"]["ollama"]["options"]["baseURL"] == "http://a.local:4242/v1"
    assert made["provider"]["ollama"]["options"]["headerTimeout"] >= 120_000
    assert made["provider"]["ollama"]["models"]["m1:14b"]["limit"] == {"context": 4096, "output": 512}
    assert "autoupdate" not in made
    assert "share" not in made


@pytest.mark.parametrize("text", [None, "", "// only words\n", "{}", USER, USER.replace("\n", "\r\n")])
def test_merging_again_changes_no_byte(text: str | None) -> None:
    first = merge(text, ONE, None)
    again = merge(first.text, ONE, first.memory)
    assert (again.text, again.memory) == (first.text, first.memory)


def test_foreign_lines_keep_their_bytes() -> None:
    text = merge(USER, ONE, None).text
    for line in USER.splitlines():
        assert line in text.splitlines(), line


def test_the_users_additions_to_our_entry_stay() -> None:
    first = merge("{}", ONE, None)
    mine = first.text.replace('"options": {', '"options": { "apiKey": "k",').replace(
        '"models": {', '"models": { "m3": { "name": "mine", "options": { "temperature": 0 } },'
    )
    more = merge(mine, _site("a.local", models=("m1:14b", "m3")), first.memory)
    ours = _value(more.text)["provider"]["ollama"]
    assert ours["options"]["apiKey"] == "k"
    assert ours["models"]["m3"]["options"] == {"temperature": 0}
    assert ours["models"]["m3"]["limit"]["context"] == 4096
    less = merge(more.text, _site("a.local", models=("m1:14b",)), more.memory)
    assert _value(less.text)["provider"]["ollama"]["models"]["m3"] == {
        "name": "mine",
        "options": {"temperature": 0},
    }


@pytest.mark.parametrize("own", [{}, {"m2": {"name": "hers", "options": {"top_p": 1}}}])
def test_what_the_user_added_to_a_model_of_ours_stays_when_it_goes_and_is_said(own: dict[str, Any]) -> None:
    """Whether the entry was all ours, or had something of the user's before."""
    start = json.dumps({"provider": {"ollama": {"name": "Ollama (a.local)", "models": own}}})
    first = merge_named(start, ONE, None)
    hers = set_path(first.text, ("provider", "ollama", "models", "m2", "options", "temperature"), 0.2)
    hers = set_path(hers, ("provider", "ollama", "models", "m2", "limit", "input"), 9)
    left = {**own.get("m2", {}), "options": {**own.get("m2", {}).get("options", {}), "temperature": 0.2}}
    less = merge_named(hers, _site("a.local", models=("m1:14b",)), first.memory)
    assert _value(less.text)["provider"]["ollama"]["models"]["m2"] == left | {"limit": {"input": 9}}
    assert less.kept == ("provider.ollama.models.m2 stays with what its user gave it; ours in it goes",)
    gone = merge_named(hers, RouterSettings(settings=()), first.memory)
    assert _value(gone.text)["provider"]["ollama"]["models"] == {"m2": left | {"limit": {"input": 9}}}
    assert gone.kept == less.kept
    untouched = merge_named(first.text, RouterSettings(settings=()), first.memory)
    assert (_value(untouched.text), untouched.kept) == (json.loads(start), ())


def test_the_users_default_model_stays_and_is_said() -> None:
    done = merge(USER, ONE, None)
    assert _value(done.text)["model"] == "openai/gpt-5.2"
    assert any("openai/gpt-5.2" in line for line in done.kept)


def test_our_own_default_follows_the_site_until_the_user_chooses() -> None:
    first = merge("{}", ONE, None)
    moved = merge(first.text, _site("a.local", default="m2"), first.memory)
    assert _value(moved.text)["model"] == "ollama/m2"
    assert moved.kept == ()
    chosen = moved.text.replace('"model": "ollama/m2"', '"model": "ollama/m1:14b"')
    kept = merge(chosen, _site("a.local", models=("m2",), default="m2"), moved.memory)
    assert _value(kept.text)["model"] == "ollama/m1:14b"
    assert kept.kept == (
        'model stays "ollama/m1:14b"; the site\'s default is "ollama/m2"',
        "model names ollama/m1:14b, which is no longer offered",
    )


def test_what_an_object_of_ours_holds_no_longer_goes_and_the_user_s_keys_in_it_stay() -> None:
    def wanted(value: dict[str, Any]) -> RouterSettings:
        return RouterSettings(settings=(Setting(path=("may",), value=value),))

    first = merge_named(None, wanted({"*": "deny", "read": "allow", "edit*": "allow"}), None)
    tight = wanted({"*": "deny", "edit": "deny"})
    second = merge_named(first.text, tight, first.memory)
    assert list(_value(second.text)["may"].items()) == [("*", "deny"), ("edit", "deny")]
    assert merge_named(second.text, tight, second.memory).memory == second.memory
    hers = first.text.replace('"read": "allow"', '"read": "ask", "mine": 1')
    kept = load(merge_named(hers, tight, first.memory).text)
    assert kept == {"may": {"*": "deny", "read": "ask", "mine": 1, "edit": "deny"}}


def test_a_removed_model_and_a_removed_host_disappear() -> None:
    two = merge("{}", _site("a.local", "B.Box"), None)
    assert set(_value(two.text)["provider"]) == {"ollama", "ollama-b-box"}
    less = merge(two.text, _site("a.local", models=("m2",), default="m2"), two.memory)
    assert set(_value(less.text)["provider"]) == {"ollama"}
    assert set(_value(less.text)["provider"]["ollama"]["models"]) == {"m2"}


def test_a_removed_model_goes_even_after_the_memory_was_lost() -> None:
    text = merge("{}", ONE, None).text
    relearned = merge(text, ONE, None)
    less = merge(relearned.text, _site("a.local", models=("m2",), default="m2"), relearned.memory)
    assert set(_value(less.text)["provider"]["ollama"]["models"]) == {"m2"}


def test_what_stood_there_before_comes_back() -> None:
    first = merge(USER, ONE, None)
    moved = merge(first.text, _site("c.local"), first.memory)
    gone = merge(moved.text, RouterSettings(settings=()), moved.memory)
    assert _value(gone.text) == _value(USER)
    assert gone.memory == Memory()


def test_every_users_value_comes_back_whatever_the_file_held() -> None:
    for seed in range(150):
        rng = random.Random(seed)
        before = _config(rng)
        text: str = json.dumps(before, indent=rng.choice([None, 2, "\t"]))
        memory = None
        for _ in range(3):
            hosts = rng.sample(["a", "b", "c"], rng.randrange(1, 4))
            models = tuple(rng.sample(["m1", "m2", "m3"], rng.randrange(1, 4)))
            done = merge(text, _site(*hosts, models=models, default=models[0]), memory)
            text, memory = done.text, done.memory
        last = merge(text, RouterSettings(settings=()), memory)
        assert _value(last.text) == before, (seed, before)


@pytest.mark.parametrize("text", ["[]", '{"provider": []}', "{", '{"a": }'])
def test_a_broken_file_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(JsoncError) as caught:
        merge(text, ONE, None)
    assert caught.value.line == 1


def test_the_shown_diff_has_only_ours_and_no_secret() -> None:
    done = merge(USER, ONE, None)
    shown = diff(owned_view(USER, None, done.desired), owned_view(done.text, done.memory, done.desired))
    assert '+            "context": 4096' in shown
    assert "a.local:4242" in shown
    for secret in ("sk-", "pw", "theme", "tiny", "temperature", "paid", "apiKey"):
        assert secret not in shown, secret


def test_a_foreign_object_in_our_place_is_not_shown() -> None:
    text = '{"provider": {"ollama": {"npm": {"headers": {"authorization": "Bearer sk-1"}, "x": "y"}}}}'
    assert "Bearer" not in (view := owned_view(text, None, ONE))
    assert '"y"' not in view
    assert json.loads(view)["provider"]["ollama"]["npm"] == "***"


def test_no_change_is_an_empty_diff() -> None:
    done = merge(USER, ONE, None)
    view = owned_view(done.text, done.memory, done.desired)
    assert diff(view, view) == ""


def test_providers_that_the_user_shut_out_are_named() -> None:
    done = merge('{"enabled_providers": ["openai"], "disabled_providers": ["ollama"]}', ONE, None)
    assert len(done.kept) == 2


def test_provider_ids_are_stable_and_unique() -> None:
    ends = [Endpoint(name=n, url="http://x:1", models=()) for n in ("a", "b.c", "b c", "!!")]
    assert provider_ids(ends) == ("ollama", "ollama-b-c", "ollama-b-c-2", "ollama-host")


def test_a_default_that_nobody_serves_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="m9"):
        _site("a.local", default="m9")


def test_settings_and_memory_survive_json() -> None:
    done = merge(USER, ONE, None)
    assert RouterSettings.model_validate_json(ONE.model_dump_json()) == ONE
    assert Memory.model_validate_json(done.memory.model_dump_json()) == done.memory


def _config(rng: random.Random) -> dict[str, Any]:
    config: dict[str, Any] = {"theme": "x"} if rng.random() < 0.5 else {}
    if rng.random() < 0.4:
        config["model"] = rng.choice(["openai/x", "ollama/m1", "ollama/m2"])
    if rng.random() < 0.7:
        providers: dict[str, Any] = {}
        for name in rng.sample(["ollama", "ollama-b", "openai"], rng.randrange(4)):
            entry: dict[str, Any] = {}
            if rng.random() < 0.5:
                entry["npm"] = rng.choice(["@ai-sdk/openai-compatible", "other"])
            if rng.random() < 0.5:
                entry["options"] = rng.choice(
                    [{}, {"baseURL": "u"}, {"apiKey": "k", "baseURL": "http://a:4242/v1"}]
                )
            if rng.random() < 0.5:
                entry["models"] = rng.choice(
                    [{}, {"m1": {}}, {"m1": {"name": "n", "limit": {"context": 1}}, "z": {}}]
                )
            providers[name] = entry
        config["provider"] = providers
    return config
