"""The plain way to put one file on many machines: a paramiko thread pool. Says how many were ok or changed.

python paramiko_pool.py MACHINES.json KNOWN_HOSTS IDENTITY FILE < content
"""

from __future__ import annotations

import json
import shlex
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paramiko

THREADS = 64
TIMEOUT_S = 60


def main(machines: str, known_hosts: str, identity: str, file: str) -> None:
    """Put stdin on every machine at FILE."""
    key = paramiko.Ed25519Key.from_private_key_file(identity)
    script = f"FILE={shlex.quote(file)}\n" + Path(__file__).with_name("put.sh").read_text()
    content = sys.stdin.read()
    known = paramiko.HostKeys(known_hosts)

    def put(machine: dict[str, str]) -> str:
        with paramiko.SSHClient() as client:
            for kind, public in known[machine["address"]].items():
                client.get_host_keys().add(machine["address"], kind, public)
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            client.connect(
                machine["address"],
                username=machine["user"],
                pkey=key,
                allow_agent=False,
                look_for_keys=False,
                timeout=TIMEOUT_S,
                banner_timeout=TIMEOUT_S,
                auth_timeout=TIMEOUT_S,
            )
            stdin, stdout, _ = client.exec_command(f"sh -c {shlex.quote(script)}")
            stdin.write(content)
            stdin.channel.shutdown_write()
            return stdout.read().decode().strip()

    with ThreadPoolExecutor(THREADS) as pool:
        said = Counter(pool.map(put, json.loads(Path(machines).read_text())))
    print(json.dumps(said))


main(*sys.argv[1:])
