"""Looking: all findings at once, host keys and the sudo password asked about, sleepers set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provision.errors import PreflightError
from provision.facts import HostFacts, Unreached
from provision.hostkeys import HostKey
from provision.looking import hosts_first, look, scope
from provision.survey import Survey
from tests.unit.provision.bed import BARE, LOOK, site, with_cards
from tests.unit.provision.stage import Calls, Person, operation, replace, texts, way

SECRET = "open-sesame"
ASKS = BARE.model_copy(update={"sudo": "password", "groups": ("sudo",)})
KEY = HostKey(state="unknown", key_type="ssh-ed25519", key="a2V5a2V5a2V5")


def surveyed(host: HostFacts | None = BARE, **more: Any) -> Survey:
    hosts = {} if host is None else {"gpu.local": host}
    return Survey(hosts=hosts, **{"workstations": {"laptop": LOOK}, **more})


class Looks(Calls):
    """Stands in for the survey: tells of those alone who are asked for."""

    def __call__(self, *args: Any, **kwargs: Any) -> Survey:
        seen: Survey = super().__call__(*args, **kwargs)
        return Survey(
            **{
                kind: {name: one for name, one in getattr(seen, kind).items() if name in kwargs["only"]}
                for kind in Survey.model_fields
            }
        )


def looks(monkeypatch: pytest.MonkeyPatch, *answers: Survey) -> Looks:
    asked = Looks(*answers)
    monkeypatch.setattr("provision.looking.survey", asked)
    return asked


def test_the_limit_s_workstations_bring_their_hosts(tmp_path: Path) -> None:
    assert scope(operation(tmp_path, limit={"laptop"})) == {"laptop", "gpu.local"}
    assert scope(operation(tmp_path, limit={"gpu.local"})) == {"gpu.local"}


def test_a_good_survey_is_kept_in_the_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = looks(monkeypatch, surveyed())
    run = operation(tmp_path)
    seen = look(run)
    assert seen.survey.hosts == {"gpu.local": BARE}
    assert (run.run.root / "survey.json").exists()
    assert (run.run.root / "router" / "laptop.json").exists()
    assert set(asked.calls[0][1]["live"]) == {"gpu.local"}
    assert [call[1]["only"] for call in asked.calls] == [{"gpu.local"}, {"laptop"}]


def test_every_finding_is_told_at_once_machine_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = BARE.model_copy(update={"sudo": "none", "clock_skew_s": 4000.0})
    looks(monkeypatch, surveyed(bad))
    with pytest.raises(PreflightError) as caught:
        look(operation(tmp_path))
    problems = [part.problem for part in caught.value.parts]
    assert len(problems) == 2
    assert all(problem.startswith("gpu.local: ") for problem in problems)
    assert all(part.remedy for part in caught.value.parts)


def test_a_sleeping_workstation_is_set_aside_and_warnings_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"laptop": Unreached(kind="silent", reason="it does not answer")}
    looks(monkeypatch, surveyed(workstations={}, unreachable=gone))
    run = operation(tmp_path)
    seen = look(run)
    assert seen.skipped["laptop"].reason == "it does not answer"
    assert seen.skipped["laptop"].remedy
    overruled = LOOK.model_copy(update={"opencode_config": "/etc/other.json"})
    looks(monkeypatch, surveyed(workstations={"laptop": overruled}))
    look(run)
    assert "OPENCODE_CONFIG=/etc/other.json" in texts(run, "laptop", "warnings")[0]


def test_a_remedy_names_the_site_file_of_this_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = BARE.model_copy(update={"graphics": BARE.graphics.model_copy(update={"driver": "absent"})})
    looks(monkeypatch, surveyed(bare))
    with pytest.raises(PreflightError, match=r"under gpu\.local in team\.yml, then run this again"):
        look(operation(tmp_path, described_by=("--site", "team.yml")))
    with pytest.raises(PreflightError, match=r"--save site\.yaml"):
        look(operation(tmp_path))


def test_an_unknown_key_is_shown_and_recorded_only_on_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = surveyed(None, keys={"gpu.local": KEY})
    recorded = replace(monkeypatch, "provision.looking.record", None)
    looks(monkeypatch, unknown)
    person = Person("n")
    with pytest.raises(PreflightError, match="its host key is not known"):
        look(operation(tmp_path, person=person))
    assert KEY.fingerprint in person.shown[0]
    assert recorded.calls == []
    asked = looks(monkeypatch, unknown, surveyed())
    assert look(operation(tmp_path, person=Person("y"))).survey.hosts
    assert recorded.calls[0][0][1:] == ("ssh-ed25519", KEY.key)
    assert asked.calls[1][1]["only"] == {"gpu.local"}


def test_without_a_terminal_an_unknown_key_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = replace(monkeypatch, "provision.looking.record", None)
    looks(monkeypatch, surveyed(None, keys={"gpu.local": KEY}))
    with pytest.raises(PreflightError, match="its host key is not known"):
        look(operation(tmp_path))
    assert recorded.calls == []


def test_a_changed_key_is_refused_even_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = KEY.model_copy(update={"state": "changed", "reason": "another key is on file"})
    looks(monkeypatch, surveyed(None, keys={"gpu.local": changed}))
    person = Person("y", "y")
    with pytest.raises(PreflightError, match="ITS HOST KEY CHANGED"):
        look(operation(tmp_path, person=person))
    assert person.asked == []


def test_the_sudo_password_is_asked_once_and_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = looks(monkeypatch, surveyed(ASKS))
    tried = replace(monkeypatch, "provision.looking.sudo_password_works", *[True])
    person = Person(SECRET)
    run = operation(tmp_path, person=person)
    seen = look(run)
    assert seen.sudo_passwords == {"gpu.local": SECRET}
    assert SECRET not in repr(seen)
    assert len(person.asked) == len(tried.calls) == 1
    assert [call[1]["sudo_passwords"] for call in asked.calls] == [None, {"gpu.local": SECRET}, None]
    assert set(asked.calls[1][1]["only"]) == {"gpu.local"}
    files = [path for path in run.run.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET in path.read_text()]


def test_each_login_is_asked_for_its_own_password_and_who_refuses_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"a": "ops", "b": "ops", "c": "ada"}
    hosts = [{"name": name, "admit": ["10.0.0.0/8"]} for name in names]
    of = site(hosts=hosts, workstations=[])
    ways = {name: way(name).model_copy(update={"user": user}) for name, user in names.items()}
    looks(monkeypatch, Survey(hosts=dict.fromkeys(names, ASKS)))
    right = {"a": "one", "b": "other", "c": "two"}
    monkeypatch.setattr(
        "provision.looking.sudo_password_works", lambda reach, word: right[reach.alias] == word
    )
    person = Person("one", "two")
    run = operation(tmp_path, person=person, site=of, ways=ways, limit=frozenset(names))
    with pytest.raises(PreflightError) as caught:
        look(run)
    assert person.asked == ["sudo password of ops on a, b: ", "sudo password of ada on c: "]
    assert [part.problem for part in caught.value.parts] == ["b: its sudo does not take that password of ops"]
    right["b"] = "one"
    assert look(
        operation(tmp_path, person=Person("one", "two"), site=of, ways=ways, limit=frozenset(names))
    ).sudo_passwords == {"a": "one", "b": "one", "c": "two"}


def test_a_wrong_password_blocks_and_nobody_there_to_ask_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks(monkeypatch, surveyed(ASKS))
    replace(monkeypatch, "provision.looking.sudo_password_works", *[False])
    with pytest.raises(PreflightError, match="sudo does not take that password"):
        look(operation(tmp_path, person=Person("wrong")))
    with pytest.raises(PreflightError, match="for a password, and none was given"):
        look(operation(tmp_path))


def test_workstations_are_ordered_what_fits_on_the_hosts_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = looks(monkeypatch, surveyed(with_cards(16380)))
    run = operation(tmp_path, site=site(router={"profile": "hybrid-cloud-ollama"}))
    seen = look(run)
    assert [call[1]["only"] for call in asked.calls] == [{"gpu.local"}, {"laptop"}]
    assert seen.site.hosts[0].models == ("ministral-3:14b-32k", "lfm2.5-thinking:latest")
    assert seen.fits["gpu.local"].left_out == ("qwen3-coder-32k",)
    order = json.loads((run.run.root / "router" / "laptop.json").read_text())
    assert order["hosts"]["upstreams"][0]["slots"] == 2
    chains = {agent["name"]: agent["chain"] for agent in order["agents"]["agents"]}
    assert not any("ollama/qwen3-coder-32k" in chain for chain in chains.values())
    assert chains["build-error-resolver"]
    assert run.site.hosts[0].models is None


def test_a_profile_of_one_s_own_that_names_what_fits_nowhere_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "extends: hybrid-cloud-ollama\nagents:\n  explore:\n    models: [ollama/qwen3-coder-32k]\n"
    )
    looks(monkeypatch, surveyed(with_cards(16380)))
    with pytest.raises(PreflightError) as caught:
        look(operation(tmp_path, site=site(router={"profile": str(own)})))
    (part,) = caught.value.parts
    assert "no host serves qwen3-coder-32k, which the profile names" in part.problem
    assert "ministral-3:14b-32k" in part.remedy


def test_where_processors_serve_all_are_looked_at_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = looks(monkeypatch, surveyed())
    of = site(hosts=[{"name": "gpu.local", "accelerator": "cpu"}])
    seen = look(operation(tmp_path, site=of))
    assert [call[1]["only"] for call in asked.calls] == [{"gpu.local", "laptop"}]
    assert (seen.site, seen.fits) == (of, {})
    assert hosts_first(operation(tmp_path, limit={"gpu.local"})) == frozenset()
