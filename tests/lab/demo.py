"""The demo: the main command on the lab, then a developer's question to OpenCode on a laptop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.shell import LabError, run

LAPTOP = "laptop1"
QUESTION = "Is the model ready?"


def main() -> int:
    """Exit with the product's code, or 1 when OpenCode gives no answer."""
    try:
        lab = Lab.load()
        product = ["lan", "--host", "gpu-server.local", "--site", str(lab.site_file), "--yes"]
        print(f"$ astraeus-provision {' '.join(product)}", flush=True)
        program = Path(sys.executable).with_name("astraeus-provision")
        done = subprocess.run([program, *product], check=False)
        if done.returncode != 0:
            return done.returncode
        print(f"\n{LAPTOP}$ opencode run {QUESTION!r}", flush=True)
        # A login shell, as the developer has it; an empty folder, so that no project is read.
        ask = f'cd "$(mktemp -d)" && opencode run "{QUESTION}" </dev/null'
        answer = run(["ssh", LAPTOP, f"exec bash -lc '{ask}'"], timeout_s=180).stdout.strip()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 7
    print(answer)
    return 0 if lab.answer.strip() in answer else 1


if __name__ == "__main__":
    sys.exit(main())
