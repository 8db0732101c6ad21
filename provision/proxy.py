"""A ProxyCommand as paramiko's connection: told when it ends, and ended with all that it started.

paramiko's own takes a proxy's end for silence, and leaves one that ignores SIGTERM running.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from contextlib import suppress

from provision.foreign import printable

GRACE_S = 0.5
_POLL_S = 0.01
_LAST_LINES = 3
_LAST_BYTES = 4096


class Proxy:
    """The part of a socket that paramiko needs, over a program's stdin and stdout."""

    def __init__(self, command: str) -> None:
        """The program gets a session of its own, so that its children can be ended with it."""
        self._timeout: float | None = None
        self._closing = threading.Lock()
        self._is_closed = self._ended = False
        self._last_words = ""
        self._process = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._in, self._out, self._complaints = (
            self._process.stdin,
            self._process.stdout,
            self._process.stderr,
        )

    # paramiko's name for it
    @property
    def _closed(self) -> bool:
        return self._is_closed

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def send(self, content: bytes) -> int:
        if self._in is None:
            raise BrokenPipeError
        return self._in.write(content) or 0

    def recv(self, size: int) -> bytes:
        """Empty at the program's end; TimeoutError after the timeout."""
        if self._out is None:
            return b""
        poll = select.poll()  # select() knows no file numbers above 1023
        try:
            poll.register(self._out, select.POLLIN)
            if not poll.poll(None if self._timeout is None else self._timeout * 1000):
                raise TimeoutError("timed out")
            content = os.read(self._out.fileno(), size)
        except ValueError:  # closed meanwhile
            return b""
        self._ended = not content
        return content

    @property
    def closed(self) -> bool:
        return self._is_closed

    @property
    def last_words(self) -> str:
        """What it complained of before it was closed, in one line."""
        self.close()
        return self._last_words

    def close(self) -> None:
        """Asked to end, then made to; it must not outlive the command. paramiko's thread closes it too."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            if self._ended:  # what it says of that may be under way
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(GRACE_S)
            self._last_words = self._complaint()
            self._signal(signal.SIGTERM)
            deadline = time.monotonic() + GRACE_S
            while self._runs() and time.monotonic() < deadline:
                time.sleep(_POLL_S)
            self._signal(signal.SIGKILL)
            self._process.wait()
            for pipe in (self._in, self._out, self._complaints):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def _complaint(self) -> str:
        if self._complaints is None:
            return ""
        os.set_blocking(self._complaints.fileno(), False)  # it may still run and hold its stderr open
        said = (self._complaints.read() or b"")[-_LAST_BYTES:].decode(errors="replace")
        lines = [printable(line.strip()) for line in said.splitlines()]
        return " ".join([line for line in lines if line][-_LAST_LINES:])

    def _runs(self) -> bool:
        """Whether anything of its session does."""
        self._process.poll()
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
