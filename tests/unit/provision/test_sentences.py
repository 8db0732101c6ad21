"""What is wrong with a site file is told all at once, line by line, and with the form that is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from provision.errors import SiteError
from provision.sitefile import from_flags, load_site

HOST = "hosts: [{name: gpu}]\n"


def told(folder: Path, text: str) -> list[str]:
    """Every line of the refusal, from its line number on."""
    path = folder / "site.yml"
    path.write_text(text)
    with pytest.raises(SiteError) as refused:
        load_site(path)
    return [line.removeprefix(f"{path}:") for line in refused.value.problem.splitlines()]


WANTED = {
    "a host as a plain text": (
        "hosts: [gpu]\n",
        "1: hosts.0: is a plain text; write it as a machine: {name: gpu}",
    ),
    "hosts as a plain text": ("hosts: gpu\n", "1: hosts: must be a list; write it as [{name: gpu}]"),
    "a workstation as on the command line": (
        f"{HOST}workstations: [dev@laptop1]\n",
        "2: workstations.0: is a plain text; write it as a machine: {name: laptop1, ssh: {user: dev}}",
    ),
    "a name with a user": (
        f"{HOST}workstations: [{{name: dev@laptop1}}]\n",
        "'dev@laptop1' has a user in it; write it as {name: laptop1, ssh: {user: dev}}",
    ),
    "a number for a text": (
        f"{HOST}serving: {{keep_alive: -1}}\n",
        '2: serving.keep_alive: YAML reads -1 as a number; write it in quotes: "-1"',
    ),
    "a truth value for a text": (
        "hosts: [{name: on}]\n",
        '1: hosts.0.name: YAML reads on as true or false; write it in quotes: "on"',
    ),
    "a truth value for a key": (
        f"{HOST}yes: 1\n",
        "is a key that YAML reads as true or false; write it in quotes",
    ),
    "a list for a text": ("hosts: [{name: [a]}]\n", "1: hosts.0.name: must be one text, not a list"),
    "a port too high": (
        "hosts: [{name: a, ssh: {port: 70000}}]\n",
        "1: hosts.0.ssh.port: is 70000; the most is 65535",
    ),
    "a port too low": ("hosts: [{name: a, ssh: {port: 0}}]\n", "1: hosts.0.ssh.port: is 0; the least is 1"),
    "a port in words": (
        "hosts: [{name: a, ssh: {port: many}}]\n",
        "1: hosts.0.ssh.port: must be a whole number, not 'many'",
    ),
    "an address for a network": (f"{HOST}admit: [10.0.0.4/24]\n", "did you mean 10.0.0.0/24?"),
    "one network without its list": (
        f"{HOST}admit: 10.0.0.0/24\n",
        "2: admit: must be a list; write it as [10.0.0.0/24]",
    ),
    "a provider that is none": (
        f"{HOST}router: {{clouds: {{opanai: {{base_url: 'http://gateway'}}}}}}\n",
        "unknown provider 'opanai'; did you mean 'openai'? known are openai, anthropic, google",
    ),
    "a profile that nobody ships": (
        f"{HOST}workstations:\n- {{name: a, profile: hybrid-cloud-olama}}\n",
        "workstations.0.profile: unknown profile 'hybrid-cloud-olama'; did you mean 'hybrid-cloud-ollama'?",
    ),
    "a profile of a home that is nobody's": (
        f"{HOST}router:\n  profile: ~nosuchuser/own.yaml\n",
        "3: router.profile: '~nosuchuser/own.yaml': whose home",
    ),
    "a checksum that is none": (
        f"{HOST}models: {{digests: {{'lfm2.5-thinking:latest': abc}}}}\n",
        "2: models.digests.lfm2.5-thinking:latest: is not a sha256: 64 characters of 0-9 and a-f",
    ),
    "an integrity that is none": (
        f"{HOST}opencode: {{packages: {{linux-x64: {{url: 'http://m/x', integrity: abc}}}}}}\n",
        "2: opencode.packages.linux-x64.integrity: is not an npm integrity: sha512- and 88 characters",
    ),
    "a platform of a wrong name": (
        f"{HOST}ollama: {{archives: {{arm: {{source: /a, sha256: {'a' * 64}}}}}}}\n",
        "2: ollama.archives.arm: must be 'x86_64' or 'aarch64', not 'arm'",
    ),
    "a number for a mapping": (
        "hosts: [{name: a, ssh: 22}]\n",
        "hosts.0.ssh: must be a mapping with keys of hostname, port, user, identity, jump; it is a number",
    ),
    "a list for a mapping": (
        f"{HOST}opencode: {{packages: [a]}}\n",
        "2: opencode.packages: must be a mapping, `key: value`; it is a list",
    ),
    "a word for a truth value": (
        f"{HOST}client_env: maybe\n",
        "2: client_env: must be true or false, not 'maybe'",
    ),
    "a text for a number": (
        f"{HOST}router: {{port: '11600'}}\n",
        "2: router.port: is the text '11600'; write it without quotes: 11600",
    ),
    "a text for a truth value": (
        f"{HOST}router: {{loopback: 'no'}}\n",
        "2: router.loopback: is the text 'no'; write true or false, without quotes",
    ),
    "a number for a truth value": (
        f"{HOST}router: {{plugin: 1}}\n",
        "2: router.plugin: must be true or false, not '1'",
    ),
    "the port of Ollama": (f"{HOST}router: {{port: 11434}}\n", "2: router.port: 11434 is Ollama's own"),
    "a key without a value": (
        f"{HOST}router:\n",
        "2: router: has no value; give it one, or leave the key out",
    ),
    "a key of any other type without a value": (
        f"{HOST}router:\n  port: null\n",
        "3: router.port: has no value; give it one, or leave the key out",
    ),
    "a list that is not there yet": (
        f"{HOST}workstations:  # whom?\n",
        "2: workstations: has no value; give it one, or leave the key out",
    ),
    "an unknown key without a value": (f"{HOST}hots:\n", "2: hots: unknown key; did you mean 'hosts'?"),
    "nobody": ("hosts: []\n", "1: hosts: is empty; the least is 1"),
}


@pytest.mark.parametrize("case", WANTED)
def test_a_mistake_is_told_with_the_form_that_is_wanted(tmp_path: Path, case: str) -> None:
    text, words = WANTED[case]
    (line,) = told(tmp_path, text)
    assert words in line


def test_a_machine_named_twice_and_a_key_that_stands_twice_hide_nothing_and_lines_are_in_order(
    tmp_path: Path,
) -> None:
    machines = "hosts:\n- {name: a}\n- {name: a, modles: []}\n"
    text = f"admit: [nonsense]\n{machines}client_env: true\nclient_env: maybe\n"
    lines = told(tmp_path, text)
    assert [line.partition(":")[0] for line in lines] == ["1", "4", "4", "6", "6"]
    found = "\n".join(lines)
    assert "'a' is named twice (first on line 3)" in found
    assert "did you mean 'models'?" in found
    assert "the key 'client_env' stands twice (first on line 5)" in found
    assert "not 'maybe'" in found


def test_two_keys_are_enough_to_refuse_a_file_that_is_right_otherwise(tmp_path: Path) -> None:
    (line,) = told(tmp_path, f"{HOST}client_env: true\nclient_env: false\n")
    assert line == "3: the key 'client_env' stands twice (first on line 2); keep one of them"


def test_a_machine_named_twice_is_told_once(tmp_path: Path) -> None:
    (line,) = told(tmp_path, "hosts:\n- name: a\n- name: a\n")
    assert line == "3: hosts.1: 'a' is named twice (first on line 2); every machine has one name"


def test_bytes_on_the_command_line_that_are_no_text_are_called_so() -> None:
    with pytest.raises(SiteError) as refused:
        from_flags({"hosts": [{"name": "gpu", "ssh": {"user": "\udcff"}}]})
    assert refused.value.problem == "command line: hosts.0.ssh.user: has bytes in it that are no text"


def test_a_missing_file_is_not_said_to_come_of_an_option(tmp_path: Path) -> None:
    with pytest.raises(SiteError) as refused:
        load_site(tmp_path / "none.yml")
    assert "--site" not in refused.value.remedy
    assert "--save FILE" in refused.value.remedy
