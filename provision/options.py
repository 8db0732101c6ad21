"""Options that several commands have, and what a parsed command is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

Run = Callable[[], int]
"""What a command will do, once it is parsed; it returns the exit code."""
SiteOption = Annotated[
    Path | None, typer.Option("--site", metavar="FILE", help="Site file; default: the remembered site.")
]
SaveOption = Annotated[
    Path | None, typer.Option("--save", metavar="FILE", help="Write the site out as an annotated file.")
]
HostOption = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="[USER@]NAME", help="A host that serves; adds to the site."),
]
LimitOption = Annotated[
    list[str] | None, typer.Option("--limit", metavar="M", help="Only these machines of the site.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Show what the engines tell.")]
