"""The smoke script in every shell, with a scripted OpenCode and stand-ins for router, hosts and clouds."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from router.loopback import Loopback, Upstream
from router.profile import Profile
from router.resolve import Resolved, resolve
from router.smoke import OWN_URLS, expectations, smoke_script
from tests.programs import need

pytestmark = pytest.mark.programs

SHELLS = ("dash", "bash", "busybox")
MODEL, REF = "ministral-3:14b-32k", "ollama/ministral-3:14b-32k"
FLASH, GPT = "google/gemini-flash-latest", "openai/gpt-5.2"
SISYPHUS = "Sisyphus - ultraworker"
SECRET = "sk-never-shown"
CONTEXT = 32768
COMMON = (files("provision.fleet.workstation") / "sh" / "common.sh").read_text("utf-8")


def the_profile() -> Resolved:
    profile = Profile.model_validate(
        {
            "name": "two",
            "agents": {
                "sisyphus": {"models": [GPT, FLASH], "may": ["edit", "fetch", "delegate"]},
                "explore": {"models": [REF, FLASH]},
                "security": {"models": [GPT], "may": ["edit"]},
            },
            "small_model": REF,
        }
    )
    return resolve(profile, [MODEL], pool_slots=2, workstations=1)


def the_facts(**changes: Any) -> str:
    words: dict[str, Any] = {
        "resolved": the_profile(),
        "hosts": Loopback(
            port=24100,
            upstreams=(Upstream(name="gpu1", host="10.0.0.1", port=11434, models=(MODEL,), slots=2),),
            first_byte_s={MODEL: 57},
        ),
        "routed": True,
        "pool": {MODEL: REF},
        "shown": (SISYPHUS, "explore", "security"),
        "opencode": "1.18.33",
        "plugin": "4.19.4",
        "config": "/home/a/.config/opencode/opencode.json",
        "context_tokens": CONTEXT,
        "tools": {},
        "cloud_urls": {"openai": "https://ai.example/v1"},
    }
    return expectations(**(words | changes))


def test_the_facts_are_a_line_each() -> None:
    assert the_facts().splitlines() == [
        "opencode\t1.18.33",
        "plugin\t4.19.4",
        "router\t24100",
        f"context\t{CONTEXT}",
        "config\t/home/a/.config/opencode/opencode.json",
        f"model\t{MODEL}\t{REF}\tyes\t57",
        f"host\tgpu1\thttp://10.0.0.1:11434\t{MODEL}",
        f"agent\tsisyphus\t{SISYPHUS}\tcloud\thigh\ttrusted\tedit,fetch,delegate\t{GPT}>{FLASH}",
        f"agent\texplore\texplore\tgpu\tfree\tuntrusted\t-\t{REF}>{FLASH}",
        f"agent\tsecurity\tsecurity\tcloud\thigh\ttrusted\tedit\t{GPT}",
        f"cloud\tgoogle\tGOOGLE_GENERATIVE_AI_API_KEY,GEMINI_API_KEY\t{OWN_URLS['google']}",
        "cloud\topenai\tOPENAI_API_KEY\thttps://ai.example/v1",
    ]


def test_what_is_not_there_has_no_line() -> None:
    plain = the_facts(plugin=None, routed=False, shown=("sisyphus", "explore"))
    words = [line.split("\t")[0] for line in plain.splitlines()]
    assert "plugin" not in words
    assert "router" not in words
    assert "agent\tsisyphus\tsisyphus\t" in plain
    assert "security" not in plain, "the user gave it another model: it is hers"
    assert [line.split("\t")[0] for line in the_facts(resolved=None).splitlines()][-1] == "host"


def test_a_field_that_would_break_its_line_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be a field"):
        the_facts(config="/home/a\tb")


def in_shell(shell: str) -> list[str]:
    need(shell)
    return [shell, "sh"] if shell == "busybox" else [shell]


def flattened(value: object, path: tuple[str, ...] = ()) -> list[str]:
    if isinstance(value, dict):
        return [line for key, one in value.items() for line in flattened(one, (*path, key))]
    if isinstance(value, list):
        return [line for at, one in enumerate(value) for line in flattened(one, (*path, str(at)))]
    text = value if isinstance(value, str) else json.dumps(value)
    return ["\037".join(path) + "\t" + text.translate({10: " ", 9: " "})]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("indent", [None, 2])
def test_json_is_read_as_it_is(shell: str, indent: int | None, tmp_path: Path) -> None:
    told = {
        "a": {'q"uo\\te': 'say "no" // and /* on */ \\', "b:c": [1, -2.5e3, True, None, [], {"d": "é"}]},
        "{": "}],:",
        "lines": "one\ntwo\tthree",
        "": {"empty": "", "deep": [[1, [2]], {"x": [{"y": 3}]}]},
    }
    file = tmp_path / "x.json"
    file.write_text(json.dumps(told, indent=indent, ensure_ascii=False), "utf-8")
    assert flat(shell, file) == flattened(told)


@pytest.mark.parametrize("shell", SHELLS)
def test_comments_are_read_over(shell: str, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonc"
    file.write_text(
        '\ufeff// one "a": 1\n{ /* two\n "b": 2 */ "c": [3, // three\n 4,],\r\n'
        '"d": "http://x", /**/ "e": 5, "f": "a\\u00e9b",}\n',
        "utf-8",
    )
    assert flat(shell, file) == ["c\0370\t3", "c\0371\t4", "d\thttp://x", "e\t5", "f\ta?b"]


def flat(shell: str, file: Path) -> list[str]:
    text = (files("router") / "smokes" / "json.sh").read_text("utf-8") + 'flat "$1"\n'
    run = subprocess.run(
        [*in_shell(shell), "-c", text, "sh", str(file)], capture_output=True, check=True, encoding="utf-8"
    )
    return run.stdout.split("\n")[:-1]


class Server:
    """A stand-in for the loopback router, a host and a cloud; what it does is changed by name."""

    def __init__(self) -> None:
        self.router = "astraeus-router 1"
        self.status = 200
        self.wait_s = 0.0
        self.called = "astraeus_probe"
        self.context = CONTEXT
        self.listed = [MODEL]
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def answer(self, body: object, status: int = 200) -> None:
                content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                if self.path == "/-/router":
                    self.answer(server.router)
                elif self.path == "/v1/models":
                    self.answer({"data": [{"id": name} for name in server.listed]})
                elif self.path == "/api/ps":
                    self.answer({"models": [{"name": MODEL, "context_length": server.context}]})
                else:
                    self.answer({"error": {"message": "no key"}}, 401)

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                time.sleep(server.wait_s)
                message: dict[str, Any] = {"content": "ready"}
                if asked.get("tools"):
                    call = {"name": server.called, "arguments": '{"number": 7}'}
                    message = {"content": "", "tool_calls": [{"function": call}] if server.called else []}
                if server.status == 200:
                    self.answer({"choices": [{"message": message}], "usage": {"completion_tokens": 9}})
                else:
                    self.answer({"error": {"message": "its memory is full"}}, server.status)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.http.shutdown()
    one.http.server_close()


OPENCODE = """#!/bin/sh
echo "$*" >>'@told'
case "$1 $2" in
    '--version ') cat '@version' ;;
    'debug config') cat '@config' ;;
    'db '*) echo tidied >>"$OPENCODE_DB" && cat '@rows' ;;
    'serve '*) exec '@python' '@serve' ;;
esac
touch "$HOME/.written" "$XDG_CONFIG_HOME/.written" "$XDG_DATA_HOME/.written" 2>/dev/null
exit 0
"""
SERVE = """
import base64, json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

MODELS = json.load(open("@models"))
sessions = {}
secret = base64.b64encode(b"opencode:" + os.environ["OPENCODE_SERVER_PASSWORD"].encode()).decode()

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def answer(self, body):
        content = json.dumps(body).encode()
        self.send_response(200 if self.headers["authorization"] == "Basic " + secret else 401)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/session":
            sessions["ses_%d" % len(sessions)] = None
            self.answer({"id": list(sessions)[-1]})
        else:
            sessions[self.path.split("/")[2]] = MODELS[body["agent"]]
            self.answer({"info": {"role": "assistant", "error": {"data": {"message": "Aborted"}}}})

    def do_GET(self):
        provider, _, model = (sessions[self.path.split("/")[2]] or "/").partition("/")
        info = {"role": "assistant", "providerID": provider, "modelID": model}
        info["time"] = {"created": 1, "completed": 2}
        if not provider:
            info["error"] = {"name": "APIError", "data": {"message": "no model"}}
        asked = {"info": {"role": "user"}, "parts": [{"type": "text", "text": "hello"}]}
        self.answer([asked, {"info": info, "parts": [{"type": "text", "text": "OK"}]}])

server = HTTPServer(("127.0.0.1", 0), Handler)
print("opencode server listening on http://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
"""


class Station:
    """A workstation: a home with what publishing leaves there, and an OpenCode that says what it is told."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root, self.server = root, server
        self.home = root / "home"
        self.data = self.home / ".local/share/astraeus-provision"
        self.config_file = self.home / ".config/opencode/opencode.json"
        self.omo_file = self.home / ".omo/omo.jsonc"
        self.chain_file = self.config_file.parent / "plugins/astraeus-chain.js"
        self.plugin = self.data / "plugin/4.19.4/node_modules/oh-my-openagent"
        self.store = self.home / ".local/share/opencode/opencode.db"
        self.version = "1.18.33"
        self.url = f"http://127.0.0.1:{server.port}"
        self.port = server.port
        self.keys = {"OPENAI_API_KEY": SECRET}
        self.rows: list[str] = []
        self.live: dict[str, str | None] = {SISYPHUS: GPT, "explore": REF, "security": GPT}
        untrusted = {"*": "deny", "read": {"*": "allow", "*.env": "deny"}, "grep": "allow"}
        trusted = {"webfetch": "deny", "task": "deny", "bash": "ask", "edit": "allow"}
        self.config: dict[str, Any] = {
            "plugin": [f"file://{self.plugin}"],
            "permission": {"webfetch": "ask", "task": "deny"},
            "provider": {
                "ollama": {
                    "options": {"baseURL": f"{self.url}/v1"},
                    "models": {MODEL: {"limit": {"context": CONTEXT, "output": 1}}},
                },
                "google": {"options": {"apiKey": "***", "baseURL": f"{self.url}/v1beta"}},
            },
            "agent": {
                SISYPHUS: {
                    "model": GPT,
                    "prompt": 'a long "one"',
                    "permission": {**trusted, "webfetch": "allow", "task": "allow"},
                },
                "explore": {"model": REF, "permission": untrusted},
                "security": {"model": GPT, "permission": trusted},
            },
        }
        self.omo: dict[str, Any] = {
            "[opencode]": {
                "agents": {
                    "sisyphus": {"fallback_models": [FLASH]},
                    "explore": {"fallback_models": [FLASH]},
                    "security": {"fallback_models": []},
                }
            }
        }
        self.chains = {"security": [GPT]}
        self.facts: dict[str, Any] = {}

    def written(self) -> None:
        write(self.config_file, "{}\n")
        write(self.omo_file, "// ours\n" + json.dumps(self.omo, indent=2))
        write(self.chain_file, f"const CHAINS = {json.dumps(self.chains, indent=2)}\nexport default 1\n")
        write(self.plugin / "package.json", "{}")
        write(self.store, "")
        write(self.home / ".local/share/opencode/auth.json", json.dumps({"other": {"key": SECRET}}))
        hosts = Loopback(
            port=self.port,
            upstreams=(
                Upstream(name="gpu1", host="127.0.0.1", port=self.server.port, models=(MODEL,), slots=2),
            ),
            first_byte_s={MODEL: 57},
        )
        facts = {
            "hosts": hosts,
            "config": str(self.config_file),
            "cloud_urls": {"openai": f"{self.url}/v1", "google": f"{self.url}/v1beta"},
        }
        write(self.data / "expected.tsv", the_facts(**(facts | self.facts)))
        write(self.root / "version", self.version)
        write(self.root / "config", json.dumps(self.config, indent=2))
        write(self.root / "rows", "".join(f"{line}\n" for line in self.rows))
        write(self.root / "models", json.dumps(self.live))
        write(self.root / "serve", SERVE.replace("@models", str(self.root / "models")))
        text = OPENCODE.replace("@python", sys.executable)
        for name in ("told", "version", "config", "rows", "serve"):
            text = text.replace(f"@{name}", str(self.root / name))
        program = self.root / "bin/opencode"
        write(program, text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(
        self, *words: str, shell: str = "dash", script: Callable[[str], str] = lambda text: text
    ) -> subprocess.CompletedProcess[str]:
        self.written()
        write(self.data / "smoke.sh", script(smoke_script(COMMON)))
        (self.root / "tmp").mkdir(exist_ok=True)
        before = tree(self.home)
        done = subprocess.run(
            [*in_shell(shell), str(self.data / "smoke.sh"), *words],
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=100,
            stdin=subprocess.DEVNULL,
            env={
                "HOME": str(self.home),
                "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
                "SHELL": "/bin/false",
                "TMPDIR": str(self.root / "tmp"),
                **self.keys,
            },
        )
        assert SECRET not in done.stdout + done.stderr
        assert not done.stderr, done.stderr
        assert tree(self.home) == before, "it wrote into the home"
        assert not list((self.root / "tmp").iterdir()), "it left something behind"
        return done

    def checks(self, *words: str, shell: str = "dash", **how: Any) -> dict[str, dict[str, Any]]:
        done = self.run(*words, "--json", shell=shell, **how)
        told = json.loads(done.stdout)
        assert told["ok"] is all(one["ok"] for one in told["checks"])
        assert done.returncode == (0 if told["ok"] else 5)
        assert all(one["remedy"] for one in told["checks"] if not one["ok"]), "what to do stands beside each"
        return {one["check"]: one for one in told["checks"]}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def station(tmp_path: Path, server: Server) -> Station:
    need("curl")
    return Station(tmp_path, server)


def failed(checks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(one["detail"]) for name, one in checks.items() if not one["ok"]}


@pytest.mark.parametrize("shell", SHELLS)
def test_local_finds_a_whole_workstation_well(shell: str, station: Station) -> None:
    checks = station.checks("local", shell=shell)
    assert not failed(checks)
    assert list(checks) == [
        "opencode",
        "plugin",
        "config",
        "router",
        MODEL,
        f"{MODEL}: tool call",
        f"{MODEL}: context",
    ]
    assert "tokens/s" in checks[MODEL]["detail"]


def _version(station: Station) -> None:
    station.version = "1.9.0"


def _newer(station: Station) -> None:
    station.version = "1.18.40"


def _no_plugin(station: Station) -> None:
    station.config["plugin"] = []


def _plugin_unloaded(station: Station) -> None:
    del station.config["agent"][SISYPHUS]


def _other_url(station: Station) -> None:
    station.config["provider"]["ollama"]["options"]["baseURL"] = "http://elsewhere/v1"


def _no_model(station: Station) -> None:
    station.config["provider"]["ollama"]["models"] = {}


def _other_process(station: Station) -> None:
    station.server.router = "hello"


def _full(station: Station) -> None:
    station.server.status = 503


def _written_call(station: Station) -> None:
    station.server.called = ""


def _short(station: Station) -> None:
    station.server.context = 4096


@pytest.mark.parametrize(
    ("change", "check", "word"),
    [
        (_version, "opencode", "1.9.0 is older than 1.18.33"),
        (_newer, "opencode", "1.18.40 is newer than 1.18.33"),
        (_no_plugin, "plugin", "does not name it"),
        (_plugin_unloaded, "plugin", "did not load it"),
        (_other_url, "config", "is asked at http://elsewhere/v1, not at http://127.0.0.1:"),
        (_no_model, "config", f"does not have the model {REF}"),
        (_other_process, "router", "another process answers"),
        (_full, MODEL, "HTTP 503: its memory is full"),
        (_written_call, f"{MODEL}: tool call", "it called no tool"),
        (_short, f"{MODEL}: context", "4096 on gpu1, not 32768 tokens"),
    ],
)
def test_local_names_what_is_wrong(
    change: Callable[[Station], None], check: str, word: str, station: Station
) -> None:
    change(station)
    wrong = failed(station.checks("local"))
    assert list(wrong) == [check]
    assert word in wrong[check]


def test_a_tool_call_that_is_known_to_fail_is_no_fault(station: Station) -> None:
    station.server.called = ""
    station.facts = {"tools": {MODEL: "may fail"}}
    checks = station.checks("local")
    assert not failed(checks)
    assert "known of this model" in checks[f"{MODEL}: tool call"]["detail"]


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("shell", SHELLS)
def test_with_nothing_up_each_check_says_so_at_once(shell: str, station: Station) -> None:
    station.port = closed_port()
    station.url = f"http://127.0.0.1:{station.port}"
    station.config["provider"]["ollama"]["options"]["baseURL"] = f"{station.url}/v1"
    began = time.monotonic()
    done = station.run("local", shell=shell)
    assert time.monotonic() - began < 20
    assert done.returncode == 5
    assert f"FAILED  router                            {station.url}: nobody listens there\n" in done.stdout
    assert "systemctl --user restart astraeus-router" in done.stdout
    assert f"FAILED  {MODEL} " in done.stdout
    assert done.stdout.endswith("2 of 5 checks failed.\n")
    assert "\033" not in done.stdout, "no colour where nobody looks"


def test_a_model_that_hangs_costs_no_more_than_there_is(station: Station) -> None:
    station.server.wait_s = 30
    began = time.monotonic()
    wrong = failed(station.checks("local", script=lambda text: text.replace("MOST_S=110", "MOST_S=6")))
    assert time.monotonic() - began < 20
    assert any(word in wrong[MODEL] for word in ("no answer in time", "6 s are over"))


def test_without_an_opencode_the_rest_is_still_looked_at(station: Station) -> None:
    wrong = station.checks(
        "local",
        script=lambda text: text.replace("find_opencode() {", "find_opencode() { return; ", 1).replace(
            "command -v opencode", "command -v no-such-opencode"
        ),
    )
    assert "OpenCode is not on this machine" in failed(wrong)["opencode"]
    assert wrong["router"]["ok"]
    assert wrong[MODEL]["ok"]


@pytest.mark.parametrize("shell", SHELLS)
def test_routing_finds_every_agent_and_link_well(shell: str, station: Station) -> None:
    checks = station.checks("routing", shell=shell)
    assert not failed(checks)
    assert list(checks) == ["sisyphus", "explore", "security", REF, "google", "openai"]
    assert checks["explore"]["detail"] == f"{REF} (gpu, free); reads only; then {FLASH}"
    assert checks["openai"]["detail"].endswith("its key: OPENAI_API_KEY")


def _given(agent: str, **permissions: object) -> Callable[[Station], None]:
    def change(station: Station) -> None:
        station.config["agent"][agent]["permission"].update(permissions)

    return change


def _other_model(station: Station) -> None:
    station.config["agent"]["explore"]["model"] = GPT


def _no_agent(station: Station) -> None:
    del station.config["agent"]["explore"]


def _other_chain(station: Station) -> None:
    station.omo["[opencode]"]["agents"]["explore"]["fallback_models"] = [GPT]


def _other_own_chain(station: Station) -> None:
    station.chains["security"] = [FLASH]


def _unlisted(station: Station) -> None:
    station.server.listed = ["other:latest"]


def _no_key(station: Station) -> None:
    station.keys = {}


def _no_cloud(station: Station) -> None:
    station.config["provider"]["google"]["options"]["baseURL"] = f"http://127.0.0.1:{closed_port()}"


@pytest.mark.parametrize(
    ("change", "check", "word"),
    [
        (_other_model, "explore", f"it thinks with {GPT}, not with {REF}"),
        (_no_agent, "explore", "OpenCode knows no such agent"),
        (_given("explore", edit="allow"), "explore", "it may use edit (allow), and should not"),
        (_given("explore", bash="ask"), "explore", "it may use bash (ask), and should not"),
        (_given("explore", bash={"git *": "allow"}), "explore", "it may use bash (partly), and should not"),
        (_given("security", webfetch="allow"), "security", "it may use webfetch (allow), and should not"),
        (_given("security", edit="deny"), "security", "it may not use edit, and should"),
        (_other_chain, "explore", f"after {REF} comes {GPT} in ~/.omo/omo.jsonc, not {FLASH}"),
        (_other_own_chain, "security", f"its chain is {FLASH} in "),
        (_other_url, "explore", "it is asked at http://elsewhere/v1"),
        (_unlisted, REF, "no host lists it"),
        (_no_key, "openai", "no key"),
        (_no_cloud, "google", "nobody listens there"),
    ],
)
def test_routing_names_what_is_wrong(
    change: Callable[[Station], None], check: str, word: str, station: Station
) -> None:
    change(station)
    wrong = failed(station.checks("routing"))
    assert list(wrong) == [check]
    assert word in wrong[check]


@pytest.mark.parametrize("shell", SHELLS)
def test_live_asks_every_agent_once(shell: str, station: Station) -> None:
    station.live = {SISYPHUS: GPT, "explore": FLASH, "security": None}
    # A fault is waited upon for what comes after it.
    checks = station.checks(
        "routing", "--live", shell=shell, script=lambda text: text.replace("20000", "1000")
    )
    wrong = failed(checks)
    assert list(wrong) == ["explore: live", "security: live"]
    assert f"{FLASH} stepped in for {REF}" in wrong["explore: live"]
    assert wrong["security: live"].endswith(": no model")
    assert f"{GPT} answered in " in checks["sisyphus: live"]["detail"]


HEAD = "agent\tmodel\tms\ttokens_in\ttokens_out\tcost\tfault"


def answers(agent: str, model: str, *ms: int, cost: float = 0.0, tokens_in: int = 100) -> list[str]:
    return [f"{agent}\t{model}\t{one}\t{tokens_in}\t5\t{cost}\t-" for one in ms]


@pytest.mark.parametrize("shell", SHELLS)
def test_bottleneck_counts_and_advises(shell: str, station: Station) -> None:
    station.rows = [
        HEAD,
        *answers(SISYPHUS, GPT, *range(1000, 21000, 1000), cost=0.05),
        f"{SISYPHUS}\t{GPT}\tnull\t100\t5\t0\t-",
        *answers("explore", FLASH, 2000, 3000),
        *answers("explore", REF, 1000, 60000, tokens_in=30000),
        f"explore\t{REF}\tnull\t0\t0\t0\tAPIError",
        f"explore\t{REF}\tnull\t0\t0\t0\tMessageAbortedError",
    ]
    done = station.run("bottleneck", "--since", "30d", "--json", shell=shell)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True)
    rows = {(row["agent"], row["model"]): row for row in told["rows"]}
    assert rows["sisyphus", GPT] == {
        "agent": "sisyphus",
        "model": GPT,
        "requests": 21,
        "tokens_in": 2100,
        "tokens_out": 105,
        "cost_usd": 1.0,
        "median_s": 10.0,
        "p95_s": 19.0,
        "errors": 0,
        "fallbacks": 0,
    }
    assert rows["explore", FLASH]["fallbacks"] == 2
    assert rows["explore", REF]["requests"] == 4
    assert rows["explore", REF]["errors"] == 1
    advice = "\n".join(told["advice"])
    assert "explore fell back in 2 of 4 answers: the pool was down or too slow" in advice
    assert "sisyphus burns 100 % of the cost (1.00 of 1.00 dollars)" in advice
    assert f"explore with {REF}: one answer in twenty takes over 57 s" in advice
    assert f"explore with {REF}: its longest prompt has 30000 of 32768 tokens" in advice
    assert f"explore with {REF}: 1 of 4 requests ended in an error (the last: APIError)" in advice
    query = (station.root / "told").read_text("utf-8")
    assert "- 30 * 86400" in query


def test_bottleneck_is_a_table_to_read(station: Station) -> None:
    station.rows = [HEAD, *answers("explore", REF, 1000, 2000, 3000)]
    lines = station.run("bottleneck").stdout.splitlines()
    assert lines[0].split() == [
        *("agent", "model", "requests", "tokens_in", "tokens_out", "cost", "$"),
        *("median", "s", "p95", "s", "errors", "fallbacks"),
    ]
    assert lines[1].split() == ["explore", REF, "3", "300", "15", "0.0000", "2.0", "3.0", "0", "0"]
    assert lines[0].index("model") == lines[1].index(REF)
    assert lines[3] == "- nothing to change: 3 answers in the last 7 days"


def test_nobody_worked_yet_and_that_is_no_fault(station: Station) -> None:
    done = station.run("bottleneck", "--json")
    assert json.loads(done.stdout) == {"ok": True, "rows": [], "advice": ["no answers in the last 7 days"]}
    assert done.returncode == 0


@pytest.mark.parametrize(
    "words",
    [(), ("nothing",), ("local", "--live"), ("bottleneck", "--since"), ("bottleneck", "--since", "1;x")],
)
def test_wrong_words_are_answered_with_the_usage(words: tuple[str, ...], station: Station) -> None:
    station.written()
    script = station.data / "smoke.sh"
    write(script, smoke_script(COMMON))
    done = subprocess.run(["sh", str(script), *words], capture_output=True, check=False, env=dict(os.environ))
    assert done.returncode == 2
    assert done.stderr.startswith(b"usage: ")


def test_a_workstation_without_facts_is_told(station: Station) -> None:
    checks = station.checks("local", script=lambda text: text.replace("expected.tsv", "nothing.tsv"))
    assert "nothing.tsv is not there" in failed(checks)["published"]
