"""A wrong description: exit 2, file and line, and nothing was contacted (no run was begun)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.product import Product, Ran

pytestmark = pytest.mark.lab

GOOD = "hosts:\n- name: gpu-server.local\n"
FILES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "unknown key": (b"hosts:\n- name: a\n  acelerator: cpu\n", (":3:", "acelerator", "accelerator")),
    "wrong type": (b"hosts:\n- name: a\n  ssh: {port: many}\n", (":3:", "ssh.port")),
    "two of one name": (b"hosts:\n- name: a\n- name: a\n", (":3:", "'a' is named twice", "line 2")),
    "empty": (b"", ("empty",)),
    "binary": (b"\x7fELF\x00\x01\xff\xfe\x00", ("site.yml", "text")),
    "no YAML": (b"hosts: [\n", ("site.yml:2",)),
    "unknown model": (b"hosts:\n- name: a\n  models: [gpt-9]\n", (":3:", "gpt-9", "qwen3-coder-32k")),
    "no sha256": (
        b"hosts:\n- name: a\nollama:\n  archives:\n    x86_64: {source: /a}\n",
        (":5:", "sha256"),
    ),
}


def refused(ran: Ran, *words: str) -> None:
    ran.must(2)
    assert ran.stdout == ""
    assert ran.run_dir is None
    for word in words:
        assert word in ran.stderr


@pytest.mark.parametrize("case", FILES)
def test_a_wrong_site_file_is_refused_with_its_line(product: Product, tmp_path: Path, case: str) -> None:
    content, words = FILES[case]
    site = tmp_path / "site.yml"
    site.write_bytes(content)
    refused(product("lan", "--site", site, "--yes"), "site.yml", *words)
    refused(product("site", "check", site), "site.yml", *words)


def test_what_cannot_be_read_is_named(product: Product, tmp_path: Path) -> None:
    refused(product("lan", "--site", tmp_path / "none.yml", "--yes"), "none.yml")
    refused(product("lan", "--site", tmp_path, "--yes"), str(tmp_path))


def test_wrong_flags_are_refused(product: Product, tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text(GOOD)
    refused(product("lan", "--yes"), "no host is named", "--host")
    refused(product("lan", "--site", site, "--limit", "b", "--yes"), "--limit b", "gpu-server.local")
    refused(product("lan", "--site", site, "--remove-host", "b", "--yes"), "--remove-host b")
    refused(product("lan", "--site", site, "--remove-host", "gpu-server.local", "--yes"), "no host is left")
    refused(product("lan", "--site", site, "--admit", "10.0.0.0/99", "--yes"), "10.0.0.0/99")
    refused(product("lan", "--site", site, "--host", "a b", "--yes"), "a b")
    refused(product("lan", "--sight", site), "--sight", "--site")


def test_without_terminal_and_yes_nothing_is_contacted(product: Product, tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text(GOOD)
    refused(product("lan", "--site", site), "not a terminal", "--yes", "--dry-run")


def test_a_right_file_is_called_right(product: Product, tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text(GOOD)
    assert "1 host, this machine as workstation" in product("site", "check", site).must(0).stdout
