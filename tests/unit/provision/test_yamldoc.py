"""Files that are no site, clumsy or hostile: said with file, line and key; nothing waits for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provision.errors import SiteError
from provision.sitefile import load_site
from provision.yamldoc import MAX_BYTES, MissingFileError, read_yaml


def said(folder: Path, text: str, name: str = "site.yml") -> str:
    path = folder / name
    path.write_text(text)
    with pytest.raises(SiteError) as refused:
        load_site(path)
    return refused.value.problem


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("!!bool maybe", "'maybe' is no bool"),
        ("!!timestamp maybe", "'maybe' is no timestamp"),
        ('!!int ""', "'' is no int"),
        ('!!float ""', "'' is no float"),
        ("!!int abc", "'abc' is no int"),
        ("9" * 5000, "is no int"),
    ],
)
def test_a_value_that_is_not_what_its_tag_says(tmp_path: Path, value: str, words: str) -> None:
    problem = said(tmp_path, f"hosts: [{{name: a}}]\nclient_env: {value}\n")
    assert problem.startswith(f"{tmp_path}/site.yml:2:13: not valid YAML: ")
    assert words in problem
    assert len(problem) < 300


@pytest.mark.parametrize("text", ['"\\ud800": 1', 'client_env: "\\udfff"', 'admit: ["\\ud83d\\ude00"]'])
def test_half_a_character_is_no_text(tmp_path: Path, text: str) -> None:
    problem = said(tmp_path, f"hosts: [{{name: a}}]\n{text}\n")
    assert problem.startswith(f"{tmp_path}/site.yml:2:")
    assert "is half a character" in problem


@pytest.mark.parametrize("value", ["3:20:00", "0x2d50", "027030", "1_1600", "0b10110101010000", "11600.0"])
def test_a_number_is_written_in_plain_digits(tmp_path: Path, value: str) -> None:
    problem = said(tmp_path, f"hosts: [{{name: a}}]\nrouter: {{port: {value}}}\n")
    assert problem == f"{tmp_path}/site.yml:2: router.port: must be a whole number, not {value!r}"


@pytest.mark.parametrize("depth", [100, 300, 500, 1000, 3000])
@pytest.mark.parametrize("bracket", ["[", "{a: "])
def test_what_is_nested_too_deeply_is_called_so(tmp_path: Path, bracket: str, depth: int) -> None:
    closed = {"[": "]", "{a: ": "}"}[bracket]
    problem = said(tmp_path, f"hosts: [{{name: a}}]\nadmit: {bracket * depth}1{closed * depth}\n")
    assert "recursion" not in problem
    assert "nested too deeply" in problem or depth < 3000


def test_a_key_with_a_bracket_is_named(tmp_path: Path) -> None:
    assert ":1: [x: unknown key" in said(tmp_path, '"[x": 1\nhosts: [{name: a}]\n')
    assert ":2: hosts.0.a[b: unknown key" in said(tmp_path, 'hosts:\n- {name: a, "a[b": 3}\n')
    problem = said(tmp_path, 'hosts: [{name: a}]\nmodels:\n  digests: {"[x]": a}\n')
    assert ":3: models.digests.[x]: unknown base tag" in problem


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("hosts: [{name: a, modles: []}]\n", 1),
        ("hosts: [{name: a, models: [x]}]\n", 1),
        ("hosts: []\n", 1),
        ("hosts: [{name: a b}]\nadmit: [here, there]\n", 3),
    ],
)
def test_one_mistake_is_one_complaint(tmp_path: Path, text: str, count: int) -> None:
    assert len(said(tmp_path, text).splitlines()) == count


@pytest.mark.parametrize(
    "text",
    [
        '"a\\nok.yml: right; 1 host": 1\nhosts: [{name: a}]\n',
        '"\\e]0;x\\a\\x9b31m\\x7f": 1\nhosts: [{name: a}]\n',
        'hosts: [{name: a, "\\u202e\\e(0": 2}]\n',
        "hosts: !%1b%5d0;pwn%07 x\n",
        "hosts: [{name: a}]\nx\a: 1\n",
    ],
)
def test_no_key_forges_a_line_or_steers_a_terminal(tmp_path: Path, text: str) -> None:
    problem = said(tmp_path, text)
    assert problem.isprintable(), ascii(problem)


def test_nor_does_a_file_s_name(tmp_path: Path) -> None:
    assert said(tmp_path, "x: 1\nhosts: [{name: a}]\n", "a\x1b[31m\nb.yml").isprintable()
    assert said(tmp_path, "hosts: [\n", "a\x9b\nb.yml").isprintable()
    with pytest.raises(MissingFileError) as missing:
        read_yaml(tmp_path / "none\x1b\n")
    assert missing.value.problem.isprintable()


def test_a_pipe_is_not_waited_for_and_a_device_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/zero")):
        with pytest.raises(SiteError, match="is no plain file"):
            read_yaml(path)
    with pytest.raises(SiteError, match="is a folder"):
        read_yaml(tmp_path)


def test_of_a_big_file_no_more_is_read_than_a_site_may_have(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(50 << 30)
    with pytest.raises(SiteError, match=f"more than {MAX_BYTES} bytes"):
        read_yaml(path)
