"""What an editor shows for a plan: diagnostics and completions of yaml-language-server with our schema.

usage: editor.py SERVER_JS SCHEMA            runs the checks
       editor.py SERVER_JS SCHEMA --show PLAN [--cursor]   prints what an editor gets; the cursor is a `|` in the plan
"""

import json
import pathlib
import subprocess
import sys


class Server:
    """A yaml-language-server on standard input and output (Language Server Protocol 3.17)."""

    def __init__(self, script, schema):
        self.process = subprocess.Popen(
            ["node", script, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.next = 0
        self.notes = []
        self.settings = {
            "yaml": {
                "schemas": {pathlib.Path(schema).resolve().as_uri(): "/*"},
                "validate": True,
                "completion": True,
                "hover": True,
                "schemaStore": {"enable": False},
            }
        }
        self.call("initialize", {
            "processId": None, "rootUri": None,
            "capabilities": {
                "workspace": {"configuration": True},
                "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
            },
        })
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": self.settings})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        length = 0
        while True:
            line = self.process.stdout.readline().strip()
            if not line:
                break
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message = json.loads(self.process.stdout.read(length))
        if "method" in message and "id" in message:
            result = None
            if message["method"] == "workspace/configuration":
                result = [self.settings.get(item["section"]) for item in message["params"]["items"]]
            self.send({"id": message["id"], "result": result})
        return message

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def call(self, method, params):
        self.next += 1
        self.send({"id": self.next, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self.next and "method" not in message:
                if "error" in message:
                    raise RuntimeError(message["error"])
                return message["result"]
            self.notes.append(message)

    def open(self, text):
        self.next += 1
        uri = f"file:///plan-{self.next}.yaml"
        self.tell("textDocument/didOpen", {
            "textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        })
        return uri

    def diagnostics(self, text):
        """What is underlined: (line from 1, message)."""
        uri = self.open(text)
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return [
                    (found["range"]["start"]["line"] + 1, found["message"])
                    for found in message["params"]["diagnostics"]
                ]

    def completions(self, text):
        """What is offered where the text has a `|`, in the order an editor shows: (label, inserted text)."""
        before, _, after = text.partition("|")
        uri = self.open(before + after)
        result = self.call("textDocument/completion", {
            "textDocument": {"uri": uri},
            "position": {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1},
        })
        items = result["items"] if isinstance(result, dict) else result or []
        items.sort(key=lambda item: item.get("sortText") or item["label"])
        return [(item["label"], item.get("textEdit", {}).get("newText") or item.get("insertText")) for item in items]

    def close(self):
        self.call("shutdown", None)
        self.tell("exit", None)
        self.process.wait(timeout=10)


def plan(steps="      - get: /\n", root="", group=""):
    """A valid plan with these additions."""
    return (
        f"http: {{ base_url: http://127.0.0.1:1 }}\n{root}thread_groups:\n  users:\n    users: 1\n"
        f"    duration: 1s\n{group}    steps:\n{steps}"
    )


def check(server):
    """The checks; the first that fails says what it saw."""
    assert server.diagnostics(plan()) == [], server.diagnostics(plan())

    offered = [label for label, _ in server.completions(plan("      - |\n"))]
    assert offered[:4] == ["get", "post json", "post form", "log in and save the token"], offered
    for label in ["transaction", "pause", "put", "websocket", "sse", "include"]:
        assert label in offered, (label, offered)
    for key in ["assert", "headers", "base_url", "object(loadplan plan)"]:
        assert key not in offered, (key, offered)

    inside = [label for label, _ in server.completions(plan("      - get: /\n        |\n"))]
    for key in ["assert", "extract", "headers", "query"]:
        assert key in inside, (key, inside)
    for kind in ["get", "post", "transaction", "choose", "pause", "repeat"]:
        assert kind not in inside, (kind, inside)

    thresholds = server.completions(plan(root="thresholds:\n  - |\n"))
    assert ("p95 < 500ms", "p95 < 500ms") in thresholds[:2], thresholds
    assert ("error_rate < 1%", "error_rate < 1%") in thresholds[:3], thresholds

    for line, says, text in [
        (5, "write `duration`", plan(group="    hold-for: 1m\n").replace("    duration: 1s\n", "")),
        (8, "write `query`", plan("      - get: /\n        params: { a: b }\n")),
        (8, "a step has one type", plan("      - get: /\n        post: /\n")),
        (7, "this step has no type", plan("      - name: Start\n")),
        (7, "`transaction` needs `steps:`", plan("      - transaction: Buy\n")),
        (8, "{ below: 500ms }", plan("      - get: /\n        assert: { response_time: 500 }\n")),
        (3, "a time needs a unit", plan(root="thresholds:\n  - p95 < 500\n")),
        (3, "a time needs a unit", plan(root="thresholds:\n  - first_byte.p99.9 <= 1.5\n")),
        (3, "METRIC OPERATOR VALUE", plan(root="thresholds:\n  - fast\n")),
        (6, "write a time such as 2s", plan(group="    think_time: 5\n")),
        (6, "a number and its unit", plan(group="    ramp_up: 5\n")),
        (6, "a number and its unit", plan(group="    ramp_up: '5'\n")),
    ]:
        seen = server.diagnostics(text)
        assert any(at == line and says in message for at, message in seen), (line, says, seen)
    for text in ["p95 < 500ms", "error_rate < 1%", "errors < 5", "throughput > 100/s", "requests > 5", "p95 < ${limit}"]:
        seen = server.diagnostics(plan(root=f"thresholds:\n  - {text}\n"))
        assert seen == [], (text, seen)
    print("   completions and diagnostics of yaml-language-server: as they should be")


if __name__ == "__main__":
    server = Server(sys.argv[1], sys.argv[2])
    if "--show" in sys.argv:
        text = pathlib.Path(sys.argv[4]).read_text()
        for line, message in server.diagnostics(text.replace("|", "", 1) if "--cursor" in sys.argv else text):
            print(f"line {line}: {message}")
        if "--cursor" in sys.argv:
            for label, inserted in server.completions(text):
                print("offer:", label, "=>", repr(inserted))
    else:
        check(server)
    server.close()
