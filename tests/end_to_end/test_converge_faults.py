"""What goes wrong on the way to a serving host: exit 4, told by the host itself, and a rerun heals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.catalogue import load_catalogue
from tests.end_to_end.product import Product, Ran, read_until
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import Lab, LabMachine
from tests.lab.shell import until

pytestmark = pytest.mark.lab

DROPINS = "/etc/systemd/system/ollama.service.d"
VERSION_URL = f"http://127.0.0.1:{load_catalogue().ollama.port}/api/version"


def failed(ran: Ran, *words: str) -> None:
    """Exit 4; the message names the machine first, what happened, what was changed and what to do."""
    ran.must(4)
    (failure,) = ran.report["failures"]
    assert failure["problem"].startswith("gpu-two.local: ")
    assert failure["changed"]
    assert "run again" in failure["remedy"]
    for word in words:
        assert word in ran.failures, ran.failures


def healed(product: Product, site: Path) -> None:
    """A rerun ends well; it has itself looked that nothing differs any more."""
    product.lan(site).must(0)


def still_serves(machine: LabMachine) -> bool:
    return machine.run(f"curl -sf -m 3 {VERSION_URL}", check=False).returncode == 0


@pytest.fixture
def without_release(served: Path, two: LabMachine) -> None:
    """The host's program was deleted, so that it has to be fetched again."""
    two.run("rm -rf /opt/astraeus/ollama/*")


def test_a_wrong_checksum_is_refused_and_the_old_server_goes_on(
    served: Path, two: LabMachine, product: Product, sites: Sites
) -> None:
    wrong = sites.small("wrong", ollama=sites.archive(sha256="0" * 64))
    failed(product.lan(wrong), "0" * 64, "did not match")
    assert still_serves(two)
    assert two.run("ls -A /opt/astraeus/ollama").stdout.count("000000") == 0
    healed(product, served)


def test_a_truncated_archive_is_refused_and_the_old_server_goes_on(
    lab: Lab, served: Path, two: LabMachine, product: Product, sites: Sites
) -> None:
    whole = Path(lab.pins["archive_path"]).read_bytes()
    cut = lab.extra / "cut.tar.zst"
    cut.write_bytes(whole[: len(whole) // 2])
    pinned = hashlib.sha256(cut.read_bytes()).hexdigest()
    url = f"{lab.mirror['files']}/extra/{cut.name}"
    try:
        failed(
            product.lan(sites.small("cut", ollama=sites.archive(url, pinned))), "Unpack the archive", "zst"
        )
    finally:
        cut.unlink()
    assert still_serves(two)
    healed(product, served)


@pytest.fixture
def mirror_down(lab: Lab) -> Iterator[LabMachine]:
    mirror = lab.machine("mirror.lab")
    mirror.run("systemctl stop nginx")
    yield mirror
    mirror.run("systemctl start nginx")


@pytest.mark.usefixtures("without_release")
def test_a_mirror_that_is_down_is_named(served: Path, mirror_down: LabMachine, product: Product) -> None:
    failed(product.lan(served), "mirror.lab", "refused")
    mirror_down.run("systemctl start nginx")
    healed(product, served)


def test_a_model_that_the_mirror_lacks_is_named(
    lab: Lab, served: Path, product: Product, sites: Sites
) -> None:
    other = load_catalogue().model_names[0]
    nothing = lab.mirror["models"].replace("/library", "/nothing")
    hosts = [host("gpu-two.local", models=[SMALL_MODEL, other])]
    failed(
        product.lan(sites("nothing", hosts, models={"mirror": nothing})), load_catalogue().model(other).base
    )
    healed(product, served)


def test_a_crash_looping_server_is_told_with_its_own_journal(
    served: Path, two: LabMachine, product: Product
) -> None:
    two.write(
        f"{DROPINS}/99-crash.conf",
        "[Service]\nExecStartPre=/bin/sh -c 'echo the models are on fire; exit 1'\n",
    )
    two.run("systemctl daemon-reload && systemctl restart ollama", check=False)
    failed(product.lan(served), "ends again and again", "the models are on fire")
    two.run(f"rm {DROPINS}/99-crash.conf && systemctl daemon-reload")
    healed(product, served)


def test_something_that_overrules_us_is_named_not_fought(
    served: Path, two: LabMachine, product: Product
) -> None:
    two.write(f"{DROPINS}/99-mine.conf", "[Service]\nEnvironment=OLLAMA_CONTEXT_LENGTH=4096\n")
    two.run("systemctl daemon-reload && systemctl restart ollama")
    failed(product.lan(served), "still differs", "something else", "OLLAMA_CONTEXT_LENGTH=4096")
    two.run(f"rm {DROPINS}/99-mine.conf && systemctl daemon-reload && systemctl restart ollama")
    healed(product, served)


@pytest.fixture
def small_disk(two: LabMachine) -> Iterator[LabMachine]:
    """The host, bare, with little more room for models than they need."""
    two.fresh(small_disks_mib={"/var/lib/ollama": 1100})
    two.trust()
    yield two
    two.fresh()
    two.trust()


def fill(machine: LabMachine) -> None:
    """Most of it at once, and the rest byte by byte, as bytes of the model come in at the same time."""
    most = "fallocate -l $(($(df --output=avail -B1 /var/lib/ollama | tail -1) - 16777216))"
    machine.run(f"cd /var/lib/ollama && {most} somebody-elses; cat /dev/zero >>somebody-elses || true")


def test_a_disk_that_fills_while_a_model_is_pulled_is_told_and_a_rerun_goes_on(
    lab: Lab, small_disk: LabMachine, product: Product, sites: Sites
) -> None:
    slow = sites.small("slow", models={"mirror": lab.mirror["slow_models"]})
    process = product.start("lan", "--site", slow, "--yes")
    progress = read_until(process, "Serve the wanted models")
    partial = "ls /var/lib/ollama/models/blobs/*-partial"
    until(lambda: small_disk.run(partial, check=False).returncode == 0, "bytes are coming")
    fill(small_disk)
    failed(product.latest(process, progress), SMALL_MODEL, "no space left")
    small_disk.run("rm /var/lib/ollama/somebody-elses")
    healed(product, sites.small())
