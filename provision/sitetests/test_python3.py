"""What every module needs."""

from __future__ import annotations

from typing import Any


def test_python3_is_there(host: Any) -> None:
    assert host.check_output("/usr/bin/python3 -c 'print(6 * 7)'") == "42"
