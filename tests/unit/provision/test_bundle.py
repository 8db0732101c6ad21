"""A bundle has what a workstation needs and no login; one that was altered is none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from provision.bundle import HEAD, Bundle, bundled, packed, unpacked, with_profiles
from provision.catalogue import load_catalogue
from provision.errors import SiteError
from provision.forms import LOCAL
from provision.orders import orders
from provision.site import Site

HOSTS: list[dict[str, Any]] = [
    {"name": "gpu", "ssh": {"user": "ops", "identity": "/home/me/.ssh/key"}, "admit": ["10.0.0.0/8"]},
    {"name": "b.lan", "advertise": "10.0.0.9", "models": ["qwen3-coder-32k"]},
]
DIGESTS = {"gpu": {"qwen3-coder-32k:latest": "d" * 64}}


def site(**more: Any) -> Site:
    stations = [{"name": "alice", "ssh": {"user": "alice"}}, {"name": "bob"}]
    return Site.model_validate(
        {"hosts": HOSTS, "workstations": stations, "serving": {"num_parallel": 4}, **more}
    )


def written(folder: Path, bundle: Bundle) -> tuple[Path, str]:
    text, checksum = packed(bundle)
    path = folder / "bundle"
    path.write_text(text)
    return path, checksum


def test_it_comes_back_as_it_was_and_names_nobody(tmp_path: Path) -> None:
    bundle = bundled(site(), DIGESTS)
    path, checksum = written(tmp_path, bundle)
    assert unpacked(path) == (bundle, checksum)
    for word in ("ops", "alice", "bob", "key", "10.0.0.0/8"):
        assert word not in path.read_text()
    assert [host.address for host in bundle.site.hosts] == ["gpu", "10.0.0.9"]


def test_who_joins_gets_what_the_admin_would_publish_to_one_more() -> None:
    catalogue = load_catalogue()
    one_more = site(workstations=[{"name": name} for name in ("alice", "bob", "new")])
    mine = orders(bundled(site(), DIGESTS).site, catalogue)[LOCAL]
    assert mine == orders(one_more, catalogue)["new"]


def test_a_profile_of_the_team_s_own_travels_with_it(tmp_path: Path) -> None:
    own = tmp_path / "ours.yaml"
    own.write_text("extends: hybrid-cloud-ollama\n")
    bundle = bundled(site(router={"profile": str(own)}), {})
    assert str(tmp_path) not in packed(bundle)[0]
    folder = tmp_path / "there"
    folder.mkdir()
    there = with_profiles(bundle, folder)
    assert Path(there.router.profile).read_text() == own.read_text()
    assert LOCAL in orders(there, load_catalogue())
    own.unlink()
    with pytest.raises(SiteError, match="cannot be read"):
        bundled(site(router={"profile": str(own)}), {})


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda text: text.replace("b.lan", "c.lan"), "altered"),
        (lambda text: text[:-40], "altered"),
        (lambda text: text + " ", "altered"),
        (lambda text: text.partition("\n")[2], "no bundle"),
        (lambda _: "", "no bundle"),
    ],
)
def test_what_was_altered_is_refused(tmp_path: Path, alter: Any, said: str) -> None:
    path, _ = written(tmp_path, bundled(site(), DIGESTS))
    path.write_text(alter(path.read_text()))
    with pytest.raises(SiteError, match=said):
        unpacked(path)


def resigned(body: str) -> str:
    return f"{HEAD}{hashlib.sha256(body.encode()).hexdigest()}\n{body}"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"version": "9.9"}, "9.9 made it"),
        ({"version": "\x1b[31m"}, "made it"),
        ({}, "cannot be read"),
        ([], "cannot be read"),
        ({"version": "0.1.0", "site": {}}, "cannot be read"),
    ],
)
def test_what_is_signed_and_still_none_is_told_in_words(tmp_path: Path, body: Any, said: str) -> None:
    path = tmp_path / "bundle"
    path.write_text(resigned(json.dumps(body)))
    with pytest.raises(SiteError, match=said):
        unpacked(path)


def test_what_is_no_text_file_is_told(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", b"x" * 1_000_001):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(SiteError):
            unpacked(tmp_path / "x")
    for path in (tmp_path, tmp_path / "absent", Path("/dev/zero")):
        with pytest.raises(SiteError):
            unpacked(path)
