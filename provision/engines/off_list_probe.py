"""Runs on a host as root, with its Python alone: is the port closed to an address off the list?

A network namespace with one veth pair stands for the stranger; its addresses are those reserved for
documentation (RFC 5737, RFC 3849). Prints `closed`, `open` or `unknown`, and what was seen.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

NAMESPACE = f"astraeus-{os.getpid()}"
OUTSIDE, INSIDE = f"ast{os.getpid() % 100000}a", f"ast{os.getpid() % 100000}b"
DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
# 1.1 s: a kernel asks a second time after one second; what answers at all answers within the same machine.
ASK = (
    "import socket,sys\n"
    "try:\n"
    "    socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.1).close(); print('yes', 'it answers')\n"
    "except OSError as error:\n"
    "    print('no', error)\n"
)


def ip(*words: str) -> None:
    """Run `ip`; a failure ends the probe."""
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def asks(address: str, port: int) -> tuple[bool, str]:
    """Whether a connection from the namespace is accepted, and what was said."""
    done = subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", ASK, address, str(port)],
        check=True,
        capture_output=True,
        text=True,
    )
    word, _, said = done.stdout.strip().partition(" ")
    return word == "yes", said


def pairs() -> tuple[tuple[str, str], ...]:
    """(host's, stranger's) address for IPv4 and IPv6; a network that the host already uses is passed over."""
    used = subprocess.run(["ip", "addr"], check=True, capture_output=True, text=True).stdout
    free = next(network for network in DOCUMENTATION_NETWORKS if f" {network}." not in used)
    return (f"{free}.1/30", f"{free}.2/30"), ("2001:db8:a57::1/126", "2001:db8:a57::2/126")


def resolved(address: str) -> bool:
    """Whether the link to the host itself works: the host has told its hardware address."""
    done = subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, "ip", "neigh", "show", address],
        check=True,
        capture_output=True,
        text=True,
    )
    return "lladdr" in done.stdout


def ask_over(version: str, outside: str, inside: str, port: int) -> "tuple[bool, bool, str] | None":
    """(open, link works, what was said) over one IP version; None on a host without it."""
    nodad = ("nodad",) if version == "-6" else ()
    try:
        ip(version, "addr", "add", outside, "dev", OUTSIDE, *nodad)
        ip("netns", "exec", NAMESPACE, "ip", version, "addr", "add", inside, "dev", INSIDE, *nodad)
    except subprocess.CalledProcessError:
        return None  # a host without IPv6
    address, stranger = outside.partition("/")[0], inside.partition("/")[0]
    is_open, said = asks(address, port)
    return is_open, resolved(address), f"{stranger}: {said}"


def probe(port: int) -> str:
    """One verdict over IPv4 and IPv6, asked at once."""
    with ThreadPoolExecutor() as pool:
        asked = [
            pool.submit(ask_over, version, *pair, port)
            for version, pair in (("-4", pairs()[0]), ("-6", pairs()[1]))
        ]
        seen = [answer for answer in (one.result() for one in asked) if answer is not None]
    text = "; ".join(said for _, _, said in seen)
    if any(is_open for is_open, _, _ in seen):
        return f"open to an address that nobody admits ({text})"
    if not any(link for _, link, _ in seen):
        return f"unknown the probe's own link to the host did not work: {text}"
    return f"closed {text}"


def main(port: int) -> None:
    """Build the namespace, ask, take it down again."""
    try:
        ip("netns", "add", NAMESPACE)
        ip("link", "add", OUTSIDE, "type", "veth", "peer", "name", INSIDE, "netns", NAMESPACE)
        ip("link", "set", OUTSIDE, "up")
        ip("netns", "exec", NAMESPACE, "ip", "link", "set", INSIDE, "up")
        print(probe(port))
    except (OSError, subprocess.CalledProcessError) as error:
        print("unknown", getattr(error, "stderr", "") or error)
    finally:
        for words in (("link", "del", OUTSIDE), ("netns", "del", NAMESPACE)):
            subprocess.run(["ip", *words], check=False, capture_output=True)


main(int(sys.argv[1]))
