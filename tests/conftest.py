"""What every test starts from."""

from __future__ import annotations

import signal

# A shell that starts the tests in the background has Ctrl-C ignored, and every program below inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
