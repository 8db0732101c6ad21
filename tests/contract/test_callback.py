"""What our callback tells a parent program, with the real ansible-playbook on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CALLBACKS = Path(__file__).resolve().parents[2] / "provision/engines/ansible_callback"
PLAY = """
- name: A play
  hosts: all
  gather_facts: false
  vars: {told: "secret-argument"}
  tasks:
    - name: Write a file
      ansible.builtin.copy: {dest: "{{ folder }}/a", content: "hello\\n", mode: "0644"}
    - name: Hide a file
      ansible.builtin.copy: {dest: "{{ folder }}/b", content: "{{ told }}\\n", mode: "0600"}
      no_log: true
    - name: Try again
      ansible.builtin.command: "true"
      changed_when: false
      register: tried
      until: tried.attempts | default(1) > 1
      retries: 2
      delay: 0
    - name: Say something
      ansible.builtin.debug: {msg: "would do it"}
      changed_when: true
    - name: Skip this
      ansible.builtin.debug: {msg: "no"}
      when: false
    - name: Fail in a loop
      ansible.builtin.command: "sh -c 'echo {{ item }} >&2; exit {{ item }}'"
      changed_when: false
      loop: [0, 3]
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("callback")
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    environment = os.environ | {
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_STDOUT_CALLBACK": "astraeus_jsonl",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_PIPELINING": "1",  # as in the product's own configuration
    }
    command = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "--inventory=here,",
        "--connection=local",
        "--diff",
        f"--extra-vars=folder={folder} ansible_python_interpreter={sys.executable}",
        str(folder / "play.yml"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=folder)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert all(line.startswith("{") for line in lines), done.stdout
    return [json.loads(line) for line in lines]


def one(events: list[dict[str, Any]], kind: str, task: str) -> dict[str, Any]:
    (found,) = [event for event in events if event["event"] == kind and event.get("task") == task]
    return found


def test_a_change_is_told_with_its_diff(events: list[dict[str, Any]]) -> None:
    told = one(events, "ok", "Write a file")
    assert (told["host"], told["changed"], told["message"]) == ("here", True, "")
    assert told["diff"][0]["after"] == "hello\n"


def test_nothing_of_a_hidden_task_is_told(events: list[dict[str, Any]]) -> None:
    assert one(events, "ok", "Hide a file")["diff"] == []
    assert "secret-argument" not in json.dumps(events)


def test_module_arguments_are_never_told(events: list[dict[str, Any]]) -> None:
    assert "invocation" not in json.dumps(events)


def test_every_try_is_told(events: list[dict[str, Any]]) -> None:
    assert one(events, "retry", "Try again")["attempt"] == 1


def test_words_of_ours_are_told(events: list[dict[str, Any]]) -> None:
    assert one(events, "ok", "Say something")["message"] == "would do it"
    assert one(events, "skipped", "Skip this")["host"] == "here"


def test_a_failure_brings_what_the_program_printed(events: list[dict[str, Any]]) -> None:
    told = one(events, "failed", "Fail in a loop")
    assert told["message"].splitlines() == ["non-zero return code", "3"]
    assert told["ignored"] is False


def test_the_end_is_told(events: list[dict[str, Any]]) -> None:
    assert events[-1]["event"] == "stats"
    assert events[-1]["stats"]["here"]["failures"] == 1
    assert events[0] == {"event": "play", "time": events[0]["time"], "name": "A play"}
