"""The demo: the main command, a task that agents on clouds and GPU share, and the doctor on all machines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from tests.lab.clouds import AUTH_DONE, AUTH_TASK, Clouds, the_seven
from tests.lab.lab import Lab
from tests.lab.layout import STATE
from tests.lab.shell import LabError, run

LAPTOP = "laptop1"
KEYS = ("OPENAI_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY")
WHO_DID_IT = "sh ~/.local/share/astraeus-provision/smoke.sh bottleneck --since 1d"


def site(lab: Lab, clouds: Clouds) -> Path:
    """The lab's site with agents, and the stub clouds in the place of the real ones."""
    described = yaml.safe_load(lab.site_file.read_text())
    described["router"] |= {
        "profile": "hybrid-cloud-ollama",
        "loopback": True,
        "clouds": {name: {"base_url": url} for name, url in clouds.base_urls.items()},
    }
    path = STATE / "demo.yml"
    path.write_text(yaml.safe_dump(described, sort_keys=False))
    return path


def on_the_laptop(line: str) -> str:
    """What a command says in a login shell there, as the developer has it."""
    print(f"\n{LAPTOP}$ {line}", flush=True)
    said = run(["ssh", LAPTOP, f"exec bash -lc '{line}' </dev/null"], timeout_s=240).stdout.strip()
    print(said, flush=True)
    return said


def product(*words: str) -> int:
    """Run the command as its user does, and return its exit code."""
    print(f"\n$ astraeus-provision {' '.join(words)}", flush=True)
    program = Path(sys.executable).with_name("astraeus-provision")
    return subprocess.run([program, *words], check=False).returncode


def main() -> int:
    """Exit with the product's code, or 1 when the task does not come to its end."""
    try:
        lab, clouds = Lab.load(), Clouds()
        for key in KEYS:
            line = f"export {key}=stub"
            lab.machine(LAPTOP).run(f"grep -qx '{line}' .profile || echo '{line}' >>.profile", user="dev")
        described = str(site(lab, clouds))
        code = product("lan", "--host", "gpu-server.local", "--site", described, "--yes")
        if code != 0:
            return code
        clouds.reset()
        clouds.script(the_seven())
        said = on_the_laptop(f'mkdir -p auth && cd auth && opencode run "{AUTH_TASK}"')
        on_the_laptop(WHO_DID_IT)
        code = product("doctor", "--site", described)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 7
    return code if AUTH_DONE in said else 1


if __name__ == "__main__":
    sys.exit(main())
