"""However a run ends, Ctrl-C and faults included, it ends with a Report."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from provision.errors import ExitCode, PreflightError, PublishError
from provision.faults import as_error
from provision.operation import Operation
from provision.report import Failure, Report
from provision.sitefile import Described

Present = Callable[[dict[str, Any]], None]
"""Takes the plan for the report, as soon as there is one."""


class Declined(Exception):  # noqa: N818 - an answer, not an error
    """The person said no."""


def ended(operation: Operation, described: Described, road: Callable[[Present], None]) -> Report:
    """Go the road, and report what came of it."""
    begun = time.monotonic()
    plans: list[dict[str, Any]] = []
    failures: tuple[Failure, ...] = ()
    code = ExitCode.DONE
    try:
        road(plans.append)
    except Declined:
        code, failures = ExitCode.INTERRUPTED, (Failure(problem="You said no. Nothing was changed."),)
    except (PreflightError, PublishError) as error:
        code, failures = error.exit_code, tuple(Failure.of(part) for part in error.parts)
    except Exception as error:  # noqa: BLE001 - what was done so far is said, whatever happens
        told = as_error(error, operation.run.root, operation.outcomes.changed_text())
        code, failures = told.exit_code, (Failure.of(told),)
    except KeyboardInterrupt:
        done = operation.outcomes.changed_text()
        code = ExitCode.INTERRUPTED
        failures = (Failure(problem="Interrupted.", changed=done, remedy=f"run again: {operation.command}"),)
    operation.terminal.progress.close()
    report = Report(
        command=operation.command,
        ok=code is ExitCode.DONE,
        exit_code=int(code),
        seconds=round(time.monotonic() - begun, 1),
        run_dir=str(operation.run.root),
        site=described.origin,
        notes=described.notes,
        plan=plans[-1] if plans else None,
        machines=operation.outcomes.reports(_machines(operation)),
        failures=failures,
    )
    with suppress(OSError):  # on a full disk the report is still told
        operation.run.write("report.json", report.model_dump(mode="json"))
    return report


def _machines(operation: Operation) -> dict[str, str]:
    return {
        **{host.name: "host" for host in operation.site.hosts if host.name in operation.limit},
        **{
            station.name: "workstation"
            for station in operation.site.consumers
            if station.name in operation.limit
        },
    }
