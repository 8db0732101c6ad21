"""What is asked of each machine, who is asked at all, and what becomes of those that say nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provision.catalogue import load_catalogue
from provision.facts import HostFacts, Unreached
from provision.hostkeys import HostKey
from provision.hostquery import host_query, manifest_url, source_names
from provision.site import Site
from provision.ssh import Reach
from provision.survey import Survey, survey
from tests.unit.provision.stage import way


def site(**more: Any) -> Site:
    return Site.model_validate({"hosts": [{"name": "gpu"}], **more})


def test_what_is_asked_follows_the_site() -> None:
    catalogue = load_catalogue()
    query = host_query(site().hosts[0], site(), catalogue)
    assert query.version == catalogue.ollama.version
    assert set(query.names) == {"github.com", "registry.ollama.ai"}
    lan = site(
        models={"mirror": "http://mirror.lan:8081/library"},
        ollama={"archives": {"x86_64": {"source": "/srv/ollama.tar.zst", "sha256": "0" * 64}}},
    )
    assert source_names(lan, catalogue, "x86_64") == ("mirror.lan",)
    assert (
        manifest_url("qwen3-coder:30b", lan) == "http://mirror.lan:8081/v2/library/qwen3-coder/manifests/30b"
    )


@pytest.mark.parametrize(
    ("mirror", "url", "names"),
    [
        ("http://Mirror.lan:81", "http://Mirror.lan:81/v2/library/", ("mirror.lan",)),
        ("https://[fd00::1]:81/a/b", "https://[fd00::1]:81/v2/a/b/", ("fd00::1",)),
        ("http://[:::]:99999/x", "http://[:::]:99999/v2/x/", (":::",)),
    ],
)
def test_a_mirror_in_every_form_also_a_wrong_one(mirror: str, url: str, names: tuple[str, ...]) -> None:
    models = site().models.model_copy(update={"mirror": mirror})  # whatever the site lets through
    lan = site().model_copy(update={"models": models})
    assert manifest_url("qwen3-coder:30b", lan) == f"{url}qwen3-coder/manifests/30b"
    assert source_names(lan, load_catalogue(), "x86_64", archive=False) == names


def test_a_name_that_cannot_be_asked_for_never_reaches_pyinfra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = Site.model_validate({"hosts": [{"name": "odd"}, {"name": "good"}], "workstations": []})
    ways = {name: way(name) for name in ("odd", "good")}
    ways["odd"] = ways["odd"].model_copy(update={"hostname": "a..b"})
    monkeypatch.setattr("provision.survey.recorded", lambda _: (1,))
    monkeypatch.setattr("provision.survey.pinned", lambda _: "")
    looked: list[str] = []

    def gather(_: Path, asked: list[str], **__: object) -> tuple[dict[str, Any], dict[str, Unreached]]:
        looked.extend(asked)
        return {"good": {"text": "arch=x86_64\ncomplete=yes"}}, {}

    monkeypatch.setattr("provision.survey.gather", gather)
    (tmp_path / "query").mkdir()
    seen = survey(hosts, load_catalogue(), tmp_path, ways=ways, log=lambda _: None)
    assert looked == ["good"]
    assert set(seen.hosts) == {"good"}
    assert seen.unreachable["odd"].kind == "name"


def test_a_second_look_replaces_what_the_first_could_not_see() -> None:
    first = Survey(
        unreachable={"a": Unreached(kind="silent", reason="x"), "b": Unreached(kind="silent", reason="x")},
        keys={"c": HostKey(state="unknown")},
    )
    both = first.merged(Survey(hosts={"c": HostFacts(), "a": HostFacts()}))
    assert (set(both.hosts), set(both.unreachable), both.keys) == ({"a", "c"}, {"b"}, {})


def test_a_proxy_that_leads_nowhere_is_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = Site.model_validate({"hosts": [{"name": "behind"}, {"name": "direct"}], "workstations": []})
    ways = {name: way(name) for name in ("behind", "direct")}
    ways["behind"] = ways["behind"].model_copy(update={"proxy_command": "ssh -W x bastion"})
    silent = Unreached(kind="silent", reason="it does not answer (timed out)")
    monkeypatch.setattr("provision.survey.recorded", lambda _: (1,))
    monkeypatch.setattr("provision.survey.pinned", lambda _: "")
    monkeypatch.setattr("provision.survey.gather", lambda *_, **__: ({}, dict.fromkeys(ways, silent)))
    asked: list[str] = []

    def check(reaches: dict[str, Reach], _: float) -> dict[str, HostKey]:
        asked.extend(reaches)
        told = HostKey(state="unreachable", kind="host key", reason="the bastion's key is not known")
        return dict.fromkeys(reaches, told)

    monkeypatch.setattr("provision.hostkeys.check", check)
    (tmp_path / "query").mkdir()
    seen = survey(hosts, load_catalogue(), tmp_path, ways=ways, log=lambda _: None)
    assert asked == ["behind"]
    assert seen.unreachable["direct"] == silent
    assert seen.unreachable["behind"].reason == "the bastion's key is not known"


def test_a_local_archive_is_measured_by_the_survey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "ollama.tar.zst"
    archives = {"x86_64": {"source": str(archive), "sha256": "0" * 64}}
    local = Site.model_validate(
        {"hosts": [{"name": "gpu"}], "workstations": [], "ollama": {"archives": archives}}
    )
    text = "arch=x86_64\ncomplete=yes"
    monkeypatch.setattr("provision.survey.recorded", lambda _: (1,))
    monkeypatch.setattr("provision.survey.pinned", lambda _: "")
    monkeypatch.setattr("provision.survey.gather", lambda *_, **__: ({"gpu": {"text": text}}, {}))
    (tmp_path / "query").mkdir()

    def size() -> int | None:
        seen = survey(local, load_catalogue(), tmp_path, ways={"gpu": way("gpu")}, log=lambda _: None)
        return seen.hosts["gpu"].archive_bytes

    assert size() is None
    archive.write_bytes(b"12345")
    assert size() == 5
