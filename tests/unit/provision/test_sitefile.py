"""The site as a file, and what flags, file and memory add up to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from provision.errors import ExitCode, SiteError
from provision.forms import LOCAL
from provision.paths import remembered_site
from provision.site import Site
from provision.sitefile import (
    Flags,
    describe,
    limited,
    load_site,
    remember,
    save_site,
    site_schema,
    site_yaml,
)


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "site.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


BAD: dict[str, tuple[str | bytes, int, str]] = {
    "unknown key": ("hosts:\n  - name: gpu\n    modles: [a]\n", 3, "did you mean 'models'?"),
    "unknown top key": ("hosts: [{name: gpu}]\nhost: x\n", 2, "did you mean 'hosts'?"),
    "wrong type": ("hosts:\n  - name: gpu\n    ssh:\n      port: many\n", 4, "hosts.0.ssh.port"),
    "two hosts with one name": ("hosts:\n  - name: gpu\n  - name: gpu\n", 3, "'gpu' is named twice"),
    "host and workstation with one name": (
        "hosts: [{name: gpu}]\nworkstations:\n  - name: gpu\n",
        3,
        "first on line 1",
    ),
    "key twice": ("hosts: [{name: a}]\nadmit: []\nhosts: [{name: b}]\n", 3, "'hosts' stands twice"),
    "no hosts": ("admit: [10.0.0.0/8]\n", 1, "hosts: is required"),
    "empty": ("", 1, "empty"),
    "only a comment": ("# nothing\n", 1, "empty"),
    "a list": ("- a\n", 1, "must be a mapping"),
    "not yaml": ("hosts: [\n", 2, "not valid YAML"),
    "binary": (b"hosts:\n\x00\xff\xfe\x80", 2, "not a text file"),
    "control bytes": (b"hosts: \x00\x01", 1, "not valid YAML"),
    "unknown model": ("hosts:\n  - name: gpu\n    models: [llama9]\n", 3, "the catalogue has"),
    "alias that leads into itself": ("hosts: &a [*a]\n", 1, "leads back into itself"),
    "no network": ("hosts: [{name: a}]\nadmit: [10.0.0.1/33]\n", 2, "is not a network"),
    "host bits": ("hosts: [{name: a}]\nadmit: [10.0.0.1/24]\n", 2, "host bits"),
    "archive without sha256": (
        "hosts: [{name: a}]\nollama:\n  archives:\n    x86_64:\n      source: /a.tar.zst\n",
        4,
        "sha256: is required",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_file_is_refused_with_file_and_line(tmp_path: Path, case: str) -> None:
    text, line, words = BAD[case]
    path = written(tmp_path, text)
    with pytest.raises(SiteError) as refused:
        load_site(path)
    assert f"{path}:{line}:" in str(refused.value)
    assert words in str(refused.value)
    assert refused.value.exit_code == ExitCode.DESCRIPTION


def test_every_complaint_about_a_file_comes_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "hosts:\n  - name: gpu\n    modles: []\nadmit: [nonsense]\n")
    with pytest.raises(SiteError) as refused:
        load_site(path)
    assert f"{path}:3:" in str(refused.value)
    assert f"{path}:4:" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="no such file"):
        load_site(tmp_path / "site.yml")


CODE_IN_WORDS = {
    "template in the mirror": "models: {mirror: \"http://{{lookup('pipe','id')}}\"}\n",
    "password in the mirror": 'models: {mirror: "http://me:secret@mirror"}\n',
    "template in the archive": (
        f"ollama: {{archives: {{x86_64: {{source: '/a/{{{{x}}}}', sha256: {'a' * 64}}}}}}}\n"
    ),
    "unknown base tag": f"models: {{digests: {{'qwen3-coder': {'a' * 64}}}}}\n",
    "unknown platform": (
        "opencode: {packages: {linux-amd64: {url: 'http://m/x.tgz', integrity: "
        f"'sha512-{'A' * 86}=='}}}}}}\n"
    ),
}
CODE_IN_HOSTS = {
    "newline in the user": 'ssh: {user: "x\\n  ProxyCommand sh"}',
    "option as a hop": 'ssh: {jump: "-oProxyCommand=sh"}',
    "newline in the name": 'name: "a\\n"',
    "port in the address": "advertise: gpu:8080",
    "URL as the address": "advertise: http://gpu",
}


@pytest.mark.parametrize("case", CODE_IN_WORDS)
def test_no_free_word_of_a_site_is_read_as_code_or_dropped_in_silence(tmp_path: Path, case: str) -> None:
    with pytest.raises(SiteError):
        load_site(written(tmp_path, f"hosts: [{{name: gpu}}]\n{CODE_IN_WORDS[case]}"))


@pytest.mark.parametrize("case", CODE_IN_HOSTS)
def test_no_word_of_a_host_becomes_an_option_of_ssh(tmp_path: Path, case: str) -> None:
    name = "" if case == "newline in the name" else "name: gpu, "
    with pytest.raises(SiteError) as refused:
        load_site(written(tmp_path, f"hosts: [{{{name}{CODE_IN_HOSTS[case]}}}]\n"))
    assert "pattern" not in str(refused.value)


def test_admit_on_the_command_line_beats_the_hosts_own(tmp_path: Path) -> None:
    path = written(tmp_path, "hosts: [{name: gpu, admit: [10.1.0.0/16]}]\n")
    described = describe(Flags(site=path, admit=("10.2.0.0/16",)))
    assert described.site.hosts[0].admit is None
    assert "gpu" in described.notes[0]
    assert described.option == ("--site", str(path))


def test_a_saved_site_reads_back_equal_and_is_annotated(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "hosts: [{name: gpu, accelerator: cpu, models: [qwen3-coder-32k]}]\n"
        "workstations: []\nadmit: [10.0.0.0/24]\nmodels: {mirror: http://mirror.lan}\nclient_env: true\n",
    )
    site = load_site(path)
    save_site(site, tmp_path / "saved.yml")
    assert load_site(tmp_path / "saved.yml") == site
    assert "# Networks that reach the port" in (tmp_path / "saved.yml").read_text()
    assert (tmp_path / "saved.yml").stat().st_mode & 0o777 == 0o600


def test_a_local_archive_is_named_relative_to_the_site_file(tmp_path: Path) -> None:
    archive = f"{{source: o.tar.zst, sha256: {'a' * 64}}}"
    path = written(tmp_path, f"hosts: [{{name: a}}]\nollama: {{archives: {{x86_64: {archive}}}}}\n")
    assert load_site(path).ollama.archives["x86_64"].source == str(tmp_path / "o.tar.zst")


@pytest.mark.parametrize(
    ("folder", "source", "words"),
    [
        ("100%", "o.tar.zst", "cannot be used: its folder has a `%`"),
        ("{{x}}", "o.tar.zst", "cannot be used: its folder has a `%`"),
        ("plain", "~nosuchuser/o.tar.zst", "whose home"),
    ],
)
def test_a_local_archive_whose_whole_path_is_no_use_is_refused_at_its_line(
    tmp_path: Path, folder: str, source: str, words: str
) -> None:
    (tmp_path / folder).mkdir()
    archive = f"{{source: {source}, sha256: {'a' * 64}}}"
    path = written(tmp_path / folder, f"hosts: [{{name: a}}]\nollama: {{archives: {{x86_64: {archive}}}}}\n")
    with pytest.raises(SiteError) as refused:
        load_site(path)
    assert f"{path}:2: ollama.archives.x86_64.source: " in refused.value.problem
    assert words in refused.value.problem


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "circle"])
def test_what_is_no_plain_file_is_not_replaced_by_a_site(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/null")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    before = path.lstat()
    with pytest.raises(SiteError) as refused:
        save_site(Site.model_validate({"hosts": [{"name": "a"}]}), path)
    assert str(path) in refused.value.problem
    after = path.lstat()  # reading a link may change when it was last read, and nothing else
    assert (after.st_mode, after.st_ino, after.st_ctime_ns) == (
        before.st_mode,
        before.st_ino,
        before.st_ctime_ns,
    )


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "site.yml").symlink_to("in-git.yml")
    save_site(Site.model_validate({"hosts": [{"name": "a"}]}), tmp_path / "site.yml")
    assert (tmp_path / "site.yml").is_symlink()
    assert load_site(tmp_path / "in-git.yml").hosts[0].name == "a"


def test_the_schema_accepts_what_the_loader_accepts(tmp_path: Path) -> None:
    schema = json.loads(site_schema())
    site = load_site(written(tmp_path, "hosts: [{name: gpu, accelerator: cpu}]\nadmit: [10.0.0.0/24]\n"))
    jsonschema.validate(yaml.safe_load(site_yaml(site)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"hosts": [{"name": "gpu", "modles": []}]}, schema)


def test_without_host_and_memory_the_command_says_what_is_missing() -> None:
    with pytest.raises(SiteError, match="no host is named"):
        describe(Flags())


def test_a_host_flag_is_a_site_and_its_user_is_kept() -> None:
    described = describe(Flags(hosts=("ops@gpu-a",)))
    assert described.site.hosts[0].name == "gpu-a"
    assert described.site.hosts[0].ssh.user == "ops"
    assert [workstation.name for workstation in described.site.consumers] == [LOCAL]


def test_a_later_host_adds_and_says_that_the_first_stays() -> None:
    remember(describe(Flags(hosts=("gpu-a",))).site)
    described = describe(Flags(hosts=("gpu-b",)))
    assert [host.name for host in described.site.hosts] == ["gpu-a", "gpu-b"]
    assert described.notes == ("gpu-b is added; gpu-a stays (take it out with --remove-host)",)
    assert "remembered" in described.origin


def test_the_default_workstation_stays_when_another_is_added() -> None:
    remember(describe(Flags(hosts=("gpu-a",))).site)
    described = describe(Flags(workstations=("dev@laptop",)))
    assert [workstation.name for workstation in described.site.consumers] == [LOCAL, "laptop"]


def test_no_workstation_is_remembered_as_nobody() -> None:
    remember(describe(Flags(hosts=("gpu-a",), workstations=("none",))).site)
    assert describe(Flags()).site.workstations == ()


@pytest.mark.parametrize("named", [("none", "b"), ("b", "none"), ("none", "none"), ("NONE",), ("dev@none",)])
def test_nobody_is_no_machine_beside_others(named: tuple[str, ...]) -> None:
    with pytest.raises(SiteError, match="`none` is said alone and once"):
        describe(Flags(hosts=("gpu-a",), workstations=named))


def test_a_host_is_taken_out_by_name_only() -> None:
    remember(describe(Flags(hosts=("gpu-a", "gpu-b"))).site)
    assert [host.name for host in describe(Flags(remove_hosts=("gpu-a",))).site.hosts] == ["gpu-b"]
    with pytest.raises(SiteError, match="no such host"):
        describe(Flags(remove_hosts=("gpu-c",)))
    with pytest.raises(SiteError, match="no host is left"):
        describe(Flags(remove_hosts=("gpu-a", "gpu-b")))


def test_a_site_file_beats_the_remembered_site(tmp_path: Path) -> None:
    remember(describe(Flags(hosts=("gpu-a",))).site)
    path = written(tmp_path, "hosts: [{name: gpu-c}]\nadmit: [10.1.0.0/16]\n")
    described = describe(Flags(site=path, admit=("10.2.0.0/16",)))
    assert [host.name for host in described.site.hosts] == ["gpu-c"]
    assert [str(network) for network in described.site.admit or ()] == ["10.2.0.0/16"]


def test_flags_that_make_no_site_are_refused_as_flags() -> None:
    with pytest.raises(SiteError, match="command line: admit"):
        describe(Flags(hosts=("gpu",), admit=("here",)))
    with pytest.raises(SiteError, match="command line: hosts"):
        describe(Flags(hosts=("gpu server",)))


def test_limit_names_machines_of_the_site() -> None:
    site = Site.model_validate({"hosts": [{"name": "a"}, {"name": "b"}], "workstations": [{"name": "w"}]})
    assert limited(site, ()) == {"a", "b", "w"}
    assert limited(site, ("b",)) == {"b"}
    with pytest.raises(SiteError, match="--limit c"):
        limited(site, ("c",))


def test_a_memory_that_cannot_be_read_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refused)
    monkeypatch.setattr("pathlib.Path.exists", refused)
    with pytest.raises(SiteError, match="cannot be read: Permission denied"):
        describe(Flags(hosts=("a",)))


def test_a_broken_memory_is_named_with_its_path(state_home: Path) -> None:
    del state_home
    remembered_site().parent.mkdir(parents=True)
    remembered_site().write_text("hosts: []\n")
    with pytest.raises(SiteError, match=str(remembered_site())):
        describe(Flags(hosts=("a",)))
