"""The platforms that OpenCode is packaged for, as npm and site files name them. Imports nothing."""

from __future__ import annotations

PLATFORMS = (
    "linux-x64",
    "linux-x64-baseline",
    "linux-x64-musl",
    "linux-x64-baseline-musl",
    "linux-arm64",
    "linux-arm64-musl",
    "darwin-x64",
    "darwin-x64-baseline",
    "darwin-arm64",
)
