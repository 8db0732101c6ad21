"""The server's archive, unit and neighbours: wrong, foreign, altered, crashing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.layout import LAB_JSON
from tests.roles.bed import Bed

pytestmark = pytest.mark.lab
UNIT = "/etc/systemd/system/ollama.service"
PREFIX = "/opt/astraeus/ollama"
NO_SHA = "0" * 64


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """The lab's archive with bytes behind it: another archive with the same content, by its sha256."""
    packed = Path(json.loads(LAB_JSON.read_text(encoding="utf-8"))["pins"]["archive_path"])
    copy = tmp_path / "ollama-linux-amd64.tar.zst"
    # A skippable frame: zstd passes over it.
    copy.write_bytes(packed.read_bytes() + b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd")
    return copy


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_second_run_changes_nothing(bed: Bed) -> None:
    played = bed.play()
    assert (played.failure, played.changed) == ("", ())


def test_a_wrong_sha256_leaves_the_old_one_serving(bed: Bed) -> None:
    before = bed.run(f"readlink {PREFIX}/current")
    played = bed.play("ollama", ollama_archive_sha256=NO_SHA)
    assert NO_SHA in played.failure
    assert bed.run(f"readlink {PREFIX}/current") == before
    assert bed.serves() == bed.variables["ollama_version"]


def test_a_truncated_archive_leaves_the_old_one_serving(bed: Bed, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:5_000_000])
    played = bed.play("ollama", ollama_archive=str(archive), ollama_archive_sha256=sha256(archive))
    assert "Unpack" in played.failure or "tar" in played.failure, played.failure
    assert bed.serves() == bed.variables["ollama_version"]


def test_an_archive_of_another_version_is_not_switched_to(bed: Bed, archive: Path) -> None:
    before = bed.run(f"readlink {PREFIX}/current")
    played = bed.play(
        "ollama",
        ollama_version="9.9.9",
        ollama_archive=str(archive),
        ollama_archive_sha256=sha256(archive),
    )
    assert bed.variables["ollama_version"] in played.failure
    assert bed.run(f"readlink {PREFIX}/current") == before


def test_a_local_archive_that_is_not_there_is_named(bed: Bed, archive: Path) -> None:
    archive.unlink()
    played = bed.play("ollama", ollama_archive=str(archive), ollama_archive_sha256="1" * 64)
    assert "does not exist" in played.failure
    assert str(archive) in played.failure


def test_a_mirror_that_is_down_is_named(bed: Bed) -> None:
    played = bed.play(
        "ollama", ollama_archive="http://mirror.lab:9/ollama.tar.zst", ollama_archive_sha256="2" * 64
    )
    assert "mirror.lab" in played.failure
    assert bed.serves() == bed.variables["ollama_version"]


def test_a_disk_that_is_too_small_is_refused_before_the_fetch(bed: Bed) -> None:
    bed.run("mkdir -p /mnt/small && mount -t tmpfs -o size=30m tmpfs /mnt/small")
    played = bed.play("ollama", ollama_prefix="/mnt/small", ollama_command="/mnt/small/ollama")
    bed.run("umount /mnt/small")
    assert "free, the release needs" in played.failure
    assert bed.play("ollama").failure == ""


def test_an_upgrade_keeps_one_old_release_and_restarts_once(bed: Bed, archive: Path) -> None:
    first = bed.run(f"readlink {PREFIX}/current")
    new: dict[str, Any] = {"ollama_archive": str(archive), "ollama_archive_sha256": sha256(archive)}
    started = bed.run("systemctl show ollama -p ExecMainStartTimestampMonotonic --value")
    played = bed.play("ollama", **new)
    assert played.failure == ""
    assert played.changed.count("Restart ollama") == 1
    assert bed.run("systemctl show ollama -p ExecMainStartTimestampMonotonic --value") != started
    assert bed.run(f"readlink {PREFIX}/previous") == first
    assert bed.play("ollama", **new).changed == ()

    archive.write_bytes(archive.read_bytes() + b"\x50\x2a\x4d\x18\x04\x00\x00\x00efgh")
    newer: dict[str, Any] = {"ollama_archive": str(archive), "ollama_archive_sha256": sha256(archive)}
    assert bed.play("ollama", **newer).failure == ""
    assert first not in bed.run(f"ls -A {PREFIX}").split()
    assert len(bed.run(f"ls -A {PREFIX}").split()) == 4  # two releases, current, previous
    assert bed.play("ollama").failure == ""


@pytest.mark.parametrize(
    "damage",
    [
        (
            f"sed -i s/RestartSec=3/RestartSec=30/ {UNIT}",
            f"chmod 666 {UNIT}.d/10-astraeus.conf",
            "systemctl disable ollama",
            "chmod 700 /var/lib/ollama/models",
        ),
        (
            f"rm {UNIT}.d/10-astraeus.conf /usr/local/bin/ollama",
            "systemctl stop ollama",
            f"ln -sfn /nowhere {PREFIX}/current",
        ),
        (
            f"sed -i s/32768/2048/ {UNIT}.d/10-astraeus.conf",
            "systemctl daemon-reload",
            "systemctl restart ollama",
            f"rm -rf {PREFIX}/current/bin",
        ),
    ],
    ids=["altered", "removed", "restarted"],
)
def test_what_was_changed_by_hand_is_healed(bed: Bed, damage: tuple[str, ...]) -> None:
    bed.run(" && ".join(damage))
    played = bed.play("ollama")
    assert played.failure == ""
    assert bed.run("systemctl is-active ollama; systemctl is-enabled ollama").split() == ["active", "enabled"]
    assert bed.serves() == bed.variables["ollama_version"]
    context = f"OLLAMA_CONTEXT_LENGTH={bed.variables['ollama_context_length']}"
    assert context in bed.run("systemctl show ollama -p Environment --value")
    assert bed.play("ollama").changed == ()


def test_a_server_older_than_its_settings_is_restarted(bed: Bed) -> None:
    """As an interrupted run leaves it: the file written, the handler not run."""
    bed.run(f"touch {UNIT}.d/10-astraeus.conf")
    played = bed.play("ollama")
    assert "Restart ollama" in played.changed
    assert bed.play("ollama").changed == ()


def test_a_crash_loop_brings_the_journal_and_a_rerun_heals(bed: Bed) -> None:
    played = bed.play("ollama", ollama_bind="256.0.0.1", ollama_start_timeout_s=30)
    assert "ollama.service" in played.failure
    assert "256.0.0.1" in played.failure, "the journal's own words are missing"
    assert len(played.failure.splitlines()) > 5
    assert bed.play("ollama").failure == ""
    assert bed.serves() == bed.variables["ollama_version"]


def test_a_foreign_install_is_refused_and_adopted_when_told(bed: Bed) -> None:
    bed.run(
        "systemctl stop ollama; rm -rf /opt/astraeus /usr/local/bin/ollama"
        f"; printf '[Service]\\nExecStart=/usr/local/bin/ollama serve\\n' > {UNIT}"
        f"; printf '[Service]\\nEnvironment=OLLAMA_HOST=0.0.0.0\\n' > {UNIT}.d/override.conf"
        "; printf '#!/bin/sh\\nexec sleep 1000\\n' > /usr/local/bin/ollama; chmod 755 /usr/local/bin/ollama"
        f"; rm {UNIT}.d/10-astraeus.conf; systemctl daemon-reload; systemctl start ollama"
    )
    refused = bed.play("ollama")
    assert "was not installed by astraeus-provision" in refused.failure
    assert UNIT in refused.failure
    assert refused.changed == ()
    assert "sleep 1000" in bed.run("cat /usr/local/bin/ollama")

    adopted = bed.play("ollama", ollama_adopt=True)
    assert adopted.failure == ""
    assert bed.serves() == bed.variables["ollama_version"]
    kept = bed.run("ls /etc/astraeus/replaced").split()
    assert sorted(kept) == ["ollama", "ollama.service", "override.conf"]
    assert bed.run(f"ls {UNIT}.d") == "10-astraeus.conf"
    assert bed.play("ollama").changed == ()
