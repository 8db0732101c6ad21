from datetime import UTC, datetime

from tests.lab.questions import Asked, read

# As Ollama 0.32.15 writes it.
LOG = """\
time=2026-11-27T14:41:28.321Z level=DEBUG source=sched.go:748 msg="context for request finished"
time=2026-11-27T14:41:28.321Z level=DEBUG source=sched.go:412 msg="after processing request finished event" \
runner.name=registry.ollama.ai/library/ministral-3:14b-32k runner.size="92.7 MiB" refCount=0
[GIN] 2026/11/27 - 14:41:28 | 200 |  292.094394ms |     10.213.10.1 | POST     "/v1/chat/completions"
time=2026-11-27T14:41:28.649Z level=DEBUG source=sched.go:1382 msg="evaluating already loaded" model=/var/x
time=2026-11-27T14:41:29.500Z level=DEBUG source=sched.go:412 msg="after processing request finished event" \
runner.name=registry.ollama.ai/library/qwen3-coder-32k:latest runner.size="92.7 MiB" refCount=0
"""


def test_a_question_has_a_time_and_a_model() -> None:
    first = datetime(2026, 11, 27, 14, 41, 28, 321000, UTC).timestamp()
    second = datetime(2026, 11, 27, 14, 41, 29, 500000, UTC).timestamp()
    assert list(read(LOG)) == [
        Asked(first, "ministral-3:14b-32k"),
        Asked(second, "qwen3-coder-32k:latest"),
    ]


def test_a_log_without_debug_lines_has_none() -> None:
    assert list(read("\n".join(line for line in LOG.splitlines() if "DEBUG" not in line))) == []
