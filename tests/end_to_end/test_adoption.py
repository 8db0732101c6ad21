"""An Ollama of Ollama's own installer is taken over, and the models that it has are served on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.product import Product
from tests.end_to_end.sites import SMALL_MODEL, Sites, host
from tests.lab.lab import Lab
from tests.lab.layout import SSH
from tests.roles.bed import Bed

pytestmark = pytest.mark.lab

STORE = "/usr/share/ollama/.ollama/models"
USERS = "the-users:own"
# What install.sh leaves: a user with a home, a unit that says nothing of models.
INSTALLED = r"""
systemctl stop ollama astraeus-firewall; systemctl disable ollama astraeus-firewall
nft delete table inet astraeus
rm /usr/local/bin/ollama; cp -aL /opt/astraeus/ollama/current/bin/ollama /usr/local/bin/ollama
rm -rf /usr/local/lib/ollama; cp -aL /opt/astraeus/ollama/current/lib/ollama /usr/local/lib/ollama
mkdir -p /usr/share/ollama/.ollama; mv /var/lib/ollama/models /usr/share/ollama/.ollama/models
rm -rf /opt/astraeus /etc/astraeus /var/lib/astraeus /var/lib/ollama
rm -rf /etc/systemd/system/ollama.service* /etc/systemd/system/astraeus-firewall.service
usermod -d /usr/share/ollama ollama; chown -R ollama:ollama /usr/share/ollama
cat > /etc/systemd/system/ollama.service <<'UNIT'
[Unit]
Description=Ollama Service
After=network-online.target

[Service]
ExecStart=/usr/local/bin/ollama serve
User=ollama
Group=ollama
Restart=always
RestartSec=3
Environment="PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

[Install]
WantedBy=default.target
UNIT
systemctl daemon-reload; systemctl enable --now ollama
until curl -sf http://127.0.0.1:11434/api/version; do :; done
"""


@pytest.fixture
def installed() -> Iterator[Bed]:
    """A host on which somebody ran install.sh and pulled two models."""
    bed = Bed.start("adopt")
    try:
        small = [one for one in bed.variables["ollama_models_wanted"] if one["name"] == SMALL_MODEL]
        assert bed.play("ollama", "ollama_models", ollama_models_wanted=small).failure == ""
        bed.run(INSTALLED, check=False)
        bed.api("/api/copy", {"source": SMALL_MODEL, "destination": USERS})
        assert set(bed.tags()) == {SMALL_MODEL, USERS}
        yield bed
    finally:
        bed.stop()


def test_its_models_are_offered_and_nothing_is_pulled_again(installed: Bed, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir(mode=0o700)
    (tmp_path / ".ssh" / "known_hosts").write_text((installed.state / "known_hosts").read_text())
    product = Product(tmp_path / "state", env={"HOME": str(tmp_path)})
    address = installed.addresses()["team4"]
    there: dict[str, Any] = {
        "models": [SMALL_MODEL],
        "ssh": {"hostname": address, "user": "ops", "identity": str(SSH / "id_ed25519")},
        "advertise": address,
    }
    sites = Sites(lab, tmp_path)
    refused = product.lan(sites("refuse", [host(installed.name, **there)])).must(3)
    assert "existing_ollama: adopt" in refused.said
    manifests = installed.run(f"stat -c %Y {STORE}/blobs/*")

    adopt = sites("adopt", [host(installed.name, existing_ollama="adopt", **there)])
    adopted = product.lan(adopt).must(0)
    assert f"in {STORE}" not in adopted.said, "no byte of a model is wanted"
    assert set(installed.tags()) == {SMALL_MODEL, USERS}
    assert installed.run(f"stat -c %Y {STORE}/blobs/*") == manifests
    assert installed.run("readlink /usr/local/bin/ollama") == "/opt/astraeus/ollama/current/bin/ollama"
    assert product.lan(adopt).must(0).changes == 0

    # What is ours now needs no flag any more, and nothing moves when it is taken away.
    again = product.lan(sites("later", [host(installed.name, **there)])).must(0)
    assert again.changes == 0
    assert again.planned(installed.name) == []
    assert set(installed.tags()) == {SMALL_MODEL, USERS}
