"""OpenCode comes only where none is, checked before it is unpacked, and never over a foreign file."""

from __future__ import annotations

import base64
import io
import tarfile
from hashlib import sha512
from pathlib import Path

import pytest

from provision.fleet.workstation.equip import ROOM_MIB, equip_values, fault, plan_equip, platforms, sha512_hex
from provision.fleet.workstation.platforms import PLATFORMS
from provision.fleet.workstation.reading import read_look
from provision.fleet.workstation.shapes import Equip, EquipPlan, Look, OpenCode, Package
from tests.unit.fleet.homes import LOOK_VALUES, Home, Served

LINUX = Look(os="Linux", arch="x86_64", libc="glibc", avx2=True, home="/home/dev", free_disk_mib=9000)
PIN = Package(url="http://x/y.tgz", integrity="sha512-" + base64.b64encode(b"0" * 64).decode())
SH = ["sh"]
EQUIP = Equip(package="oc", version="1.2.3")


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({}, ("linux-x64", "linux-x64-baseline")),
        ({"avx2": False}, ("linux-x64-baseline",)),
        ({"libc": "musl"}, ("linux-x64-musl", "linux-x64-baseline-musl")),
        ({"arch": "aarch64", "avx2": False}, ("linux-arm64",)),
        ({"os": "Darwin", "arch": "arm64", "libc": "none"}, ("darwin-arm64",)),
        ({"arch": "riscv64"}, ()),
        ({"os": "MINGW64_NT-10.0"}, ()),
    ],
)
def test_the_platform_decides_the_package(more: dict[str, object], names: tuple[str, ...]) -> None:
    assert platforms(LINUX.model_copy(update=more)) == names


def test_every_platform_is_some_machines() -> None:
    machines = [
        LINUX.model_copy(update={"os": os, "arch": arch, "libc": libc, "avx2": avx2})
        for os, libcs in (("Linux", ("glibc", "musl")), ("Darwin", ("none",)))
        for arch in ("x86_64", "arm64")
        for libc in libcs
        for avx2 in (True, False)
    ]
    assert {name for machine in machines for name in platforms(machine)} == set(PLATFORMS)


@pytest.mark.parametrize(
    ("look", "equip", "how"),
    [
        ({"opencode": OpenCode(path="/usr/bin/opencode", version="0.1", ours=False)}, {}, "present"),
        ({"opencode": OpenCode(path="/o", version="1.2.3", ours=True)}, {}, "present"),
        ({"opencode": OpenCode(path="/o", version="1.2.2", ours=True), "npm": "11"}, {}, "npm"),
        ({"opencode": OpenCode(path="/o", version="1.2.2", ours=True)}, {"install": False}, "present"),
        ({}, {"install": False}, "declined"),
        ({"npm": "11"}, {}, "npm"),
        ({}, {"packages": {"linux-x64-baseline": PIN}}, "package"),
        ({}, {"packages": {"darwin-arm64": PIN}}, "impossible"),
        ({"npm": "11", "arch": "mips"}, {}, "impossible"),
        ({"npm": "11", "free_disk_mib": 100}, {}, "impossible"),
        ({"npm": "11", "link_in_the_way": True}, {}, "impossible"),
    ],
)
def test_how_opencode_comes(look: dict[str, object], equip: dict[str, object], how: str) -> None:
    plan = plan_equip(LINUX.model_copy(update=look), EQUIP.model_copy(update=equip))
    assert plan.how == how
    assert how == "present" or bool(plan.said) == (how in ("declined", "impossible"))


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.2.3", ""),
        ("1.2.3-dev", ""),
        ("1.2.2", "/o is OpenCode 1.2.2, older than 1.2.3, which all this was tried with"),
        ("1.10.0-beta.1", "/o is OpenCode 1.10.0-beta.1, newer than 1.2.3, which all this was tried with"),
    ],
)
def test_a_present_opencode_of_another_version_is_said(version: str, said: str) -> None:
    look = LINUX.model_copy(update={"opencode": OpenCode(path="/o", version=version, ours=False)})
    assert plan_equip(look, EQUIP) == EquipPlan(how="present", said=said)


def test_a_present_opencode_that_cannot_be_run_is_no_opencode() -> None:
    look = LINUX.model_copy(update={"npm": "11", "opencode": OpenCode(path="/o", version=None, ours=False)})
    plan = plan_equip(look, EQUIP)
    assert plan.how == "impossible"
    assert plan.said.startswith("/o is there and cannot be run")
    ours = look.model_copy(update={"opencode": OpenCode(path="/o", version=None, ours=True)})
    assert plan_equip(ours, EQUIP).how == "npm"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("echo 1.17.0", "1.17.0"),
        ("echo a notice; echo v1.99.0-dev", "1.99.0-dev"),
        ("echo oops; exit 1", None),
        ("exit 1", None),
        ("kill -9 $$", None),
    ],
)
def test_the_look_tells_what_opencode_says_of_itself(
    laptop: Home, sh: list[str], text: str, version: str | None
) -> None:
    program = laptop.home / ".local/bin/opencode"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    opencode = read_look(laptop.run(sh, "look", LOOK_VALUES)).opencode
    assert opencode is not None
    assert (opencode.path, opencode.version) == (str(program), version)


@pytest.mark.parametrize(
    "bad", ["", "sha512-", "sha1-AAAA", "sha512-!!!", "sha512-" + base64.b64encode(b"x").decode()]
)
def test_an_integrity_hash_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="integrity"):
        sha512_hex(bad)


def _package(says: str) -> bytes:
    """Pack a stand-in for OpenCode as npm packs it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in (
            ("package/package.json", '{\n  "version": "1.2.3"\n}\n'),
            ("package/bin/opencode", f"#!/bin/sh\necho {says}\n"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return packed.getvalue()


def _equip(
    laptop: Home, sh: list[str], served: Served, content: bytes, *, pin: bytes | None = None
) -> list[tuple[str, str]]:
    served.files["/oc.tgz"] = content
    integrity = "sha512-" + base64.b64encode(sha512(content if pin is None else pin).digest()).decode()
    packages = {"linux-x64": Package(url=f"{served.url}/oc.tgz", integrity=integrity)}
    equip = EQUIP.model_copy(update={"packages": packages})
    return laptop.run(sh, "equip", equip_values(LINUX, equip, "package"))


def test_a_package_is_unpacked_beside_and_switched(laptop: Home, sh: list[str], served: Served) -> None:
    base = laptop.home / ".local/share/astraeus-provision/opencode"
    (base / "1.2.2/bin").mkdir(parents=True)
    lines = _equip(laptop, sh, served, _package("1.2.3"))
    assert fault(lines) is None
    link = laptop.home / ".local/bin/opencode"
    assert dict(lines)["installed"] == str(link)
    assert link.resolve() == base / "1.2.3/bin/opencode"
    assert [path.name for path in base.iterdir()] == ["1.2.3"]
    assert ("present", str(link)) in _equip(laptop, sh, served, _package("1.2.3"))


@pytest.mark.parametrize(
    ("content", "pin", "said"),
    [
        (_package("1.2.3"), b"another", "not the pinned one"),
        (_package("1.2.3")[:60], None, "cannot be unpacked"),
        (_package("9.9.9"), None, "does not run"),
    ],
    ids=["not the pinned one", "cut", "another version"],
)
def test_a_wrong_package_leaves_nothing(
    laptop: Home, served: Served, content: bytes, pin: bytes | None, said: str
) -> None:
    wrong = fault(_equip(laptop, SH, served, content, pin=pin))
    assert wrong is not None
    assert said in wrong[0]
    assert laptop.tree() == {}


def test_a_dead_mirror_is_said_with_its_status(laptop: Home, served: Served) -> None:
    packages = {"linux-x64": PIN.model_copy(update={"url": f"{served.url}/no.tgz"})}
    equip = EQUIP.model_copy(update={"packages": packages})
    wrong = fault(laptop.run(SH, "equip", equip_values(LINUX, equip, "package")))
    assert wrong is not None
    assert "404" in wrong[2]


@pytest.mark.parametrize("foreign", ["file", "link"])
def test_a_foreign_opencode_is_never_replaced(laptop: Home, served: Served, foreign: str) -> None:
    link = laptop.home / ".local/bin/opencode"
    link.parent.mkdir(parents=True)
    if foreign == "file":
        link.write_text("mine")
    else:
        link.symlink_to("/somewhere/else")
    before = laptop.tree()
    wrong = fault(_equip(laptop, SH, served, _package("1.2.3")))
    assert wrong is not None
    assert "not ours" in wrong[0]
    assert laptop.tree() == before


def test_npm_is_asked_for_the_catalogues_package_at_its_version(laptop: Home, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "npm").write_text('#!/bin/sh\nfor last; do :; done\necho "$last"\nexit 1\n')
    (tools / "npm").chmod(0o755)
    (laptop.home / ".profile").write_text(f'PATH="{tools}:$PATH"\n')
    wrong = fault(laptop.run(SH, "equip", equip_values(LINUX, EQUIP, "npm")))
    assert wrong is not None
    assert wrong[2] == "oc@1.2.3"


def test_the_room_is_measured_against_the_one_figure(laptop: Home, served: Served) -> None:
    served.files["/oc.tgz"] = _package("1.2.3")
    values = equip_values(LINUX, EQUIP, "npm")
    assert values["ROOM_MIB"] == str(ROOM_MIB)
    wrong = fault(laptop.run(SH, "equip", {**values, "ROOM_MIB": "999999999"}))
    assert wrong is not None
    assert "too little room" in wrong[0]
    assert laptop.tree() == {}


def test_npm_failing_is_said_with_its_own_words(laptop: Home, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "npm").write_text("#!/bin/sh\necho 'npm error code E404'\nexit 1\n")
    (tools / "npm").chmod(0o755)
    (laptop.home / ".profile").write_text(f'PATH="{tools}:$PATH"\n')
    wrong = fault(laptop.run(SH, "equip", equip_values(LINUX, EQUIP, "npm")))
    assert wrong is not None
    assert "E404" in wrong[2]
    assert set(laptop.tree()) == {".profile"}


@pytest.mark.parametrize(("target", "in_the_way"), [("ours", False), ("elsewhere", True)])
def test_a_link_of_ours_without_its_program_is_in_nobody_s_way(
    laptop: Home, target: str, *, in_the_way: bool
) -> None:
    link = laptop.home / ".local/bin/opencode"
    link.parent.mkdir(parents=True)
    ours = laptop.home / ".local/share/astraeus-provision/opencode/1.2.3/bin/opencode"
    link.symlink_to(ours if target == "ours" else laptop.home / "gone")
    seen = read_look(laptop.run(SH, "look", LOOK_VALUES, PATH="/usr/bin:/bin"))
    assert (seen.opencode, seen.link_in_the_way) == (None, in_the_way)
