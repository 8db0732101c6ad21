"""Programs that stand in for OpenCode on a workstation, with `@name` where a test puts something."""

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
