"""The Markdown of a run whose every name and answer is hostile, rendered by two programs nobody here
wrote (markdown-it-py and marked, both as GitHub's dialect): nothing hostile may become more than code.

    markdown.py PATH_TO_LOADPLAN FOLDER
"""

import html.parser
import http.server
import json
import os
import re
import subprocess
import sys
import threading

from markdown_it import MarkdownIt

HOSTILE = (
    "::error::owned\n##vso[task.complete]owned\n\x1b[2J</code></pre></td></table><script>owned()</script> "
    "<img src=x onerror=owned()> ![owned](http://owned.example/x.png) [owned](http://owned.example) "
    "<http://owned.example> www.owned.example owned@owned.example @everyone #1 GH-1 owned/owned#1 :smile: "
    "$owned$ **owned** | owned | owned \\| owned \\\\| owned\n```\n````\n~~~~\n# owned\n- owned\n\n<details>\n"
    "\r# owned\r\n    owned &lt;script&gt; &#64;owned \u202eowned\u200b`` owned ` owned\n"
)
NAMES = [
    "`", "``", "a`b", "|", "\\|", "\\\\|", "a|b\\", "`|`", "<b>owned</b>", "@everyone", "#1", "http://owned.example",
    "owned@owned.example", "[owned](x)", "![owned](x)", ":smile:", "*owned*", "_owned_", "~~owned~~", "&#64;owned",
    "$owned$", "--- owned", "\\`owned", "owned\\", "` | owned | `", "</code>owned", "GH-1", "\u202eowned",
]


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = (HOSTILE * 2000).encode()
        # Failures of one status are one group: every request has a status of its own.
        self.send_response(500 + int(self.path[1:]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Reader(html.parser.HTMLParser):
    """What a page is made of, and the text that is not code."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.code, self.text, self.rows = [], [], 0, "", []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, value in attributes if (name, value) != ("class", "language-text")]
        self.code += tag == "code"
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        self.code -= tag == "code"

    def handle_data(self, data):
        if not self.code:
            self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def quoted(text):
    escape = lambda c: f"\\u{ord(c):04x}" if ord(c) > 126 else "\\" + c if c in '"\\' else c
    return '"' + "".join(map(escape, text)) + '"'


def sound(page, who):
    reader = Reader()
    reader.feed(page)
    known = {"h3", "h4", "p", "ul", "li", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "strong", "blockquote"}
    assert set(reader.tags) <= known, (who, set(reader.tags) - known)
    assert set(reader.attributes) <= {"align", "style"}, (who, reader.attributes)
    assert reader.code == 0, who
    for mark in ("owned", "@", "#", "GH-", "://", "www.", ":smile:", "$", "`", "\u202e", "\u200b", "***"):
        assert mark not in reader.text, (who, mark, reader.text)
    assert set(reader.rows) in ({5, 9}, {5, 8, 9}), (who, set(reader.rows))
    # A cell that broke would leave its row without its last figures.
    return reader


def tampered(value, key=""):
    """Results of which every word is a stranger's."""
    words = {"kind", "unit", "state", "scope_kind", "schema_version", "$schema", "histogram", "stopped_by"}
    if isinstance(value, dict):
        return {name: tampered(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [tampered(one, key) for one in value]
    return HOSTILE if isinstance(value, str) and key not in words else value


def main():
    loadplan, work = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    steps = "".join(
        f"      - name: {quoted(f'{name} {number}')}\n        get: /{number}\n"
        f"        assert: {{ body: {{ contains: {quoted(name)} }} }}\n        thresholds: [{{ name: {quoted(name)}, threshold: p95 < 10s }}]\n"
        for number, name in enumerate(NAMES)
    )
    plan = (
        f"name: {quoted(HOSTILE.splitlines()[2][3:])}\nhttp: {{ base_url: 'http://127.0.0.1:{server.server_port}' }}\n"
        f"thread_groups:\n  g:\n    iterations: 1\n    steps:\n{steps}"
    )
    os.makedirs(f"{work}/hostile", exist_ok=True)
    with open(f"{work}/hostile/plan.yaml", "w", encoding="utf-8") as file:
        file.write(plan)
    summary = f"{work}/hostile/summary.md"
    environment = dict(os.environ, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=summary, GITHUB_OUTPUT=f"{work}/hostile/output")
    ran = subprocess.run(
        [loadplan, "run", f"{work}/hostile/plan.yaml", "--out", f"{work}/hostile/out", "--quiet"],
        env=environment, capture_output=True, text=True, timeout=120,
    )
    assert ran.returncode == 1, ran
    with open(summary, encoding="utf-8") as file:
        look(file.read(), 10)
    compared = f"{work}/hostile/compared.md"
    command = [loadplan, "run", f"{work}/hostile/plan.yaml", "--out", f"{work}/hostile/again", "--quiet", "--markdown", compared]
    subprocess.run([*command, "--baseline", f"{work}/hostile/out"], capture_output=True, timeout=120)
    with open(compared, encoding="utf-8") as file:
        text = file.read()
    assert "#### Compared with the baseline" in text, text
    look(text, 10)
    with open(f"{work}/hostile/out/results.json", encoding="utf-8") as file:
        results = tampered(json.load(file))
    results["run"]["profile"] = results["generator"]["reason"] = HOSTILE
    results["generator"]["kept_up"] = False
    results["never_executed"] = [{"title": HOSTILE, "thread_group": HOSTILE, "file": HOSTILE, "line": 1}] * 3
    with open(f"{work}/hostile/tampered.json", "w", encoding="utf-8") as file:
        json.dump(results, file)
    command = [loadplan, "report", f"{work}/hostile/tampered.json", "--markdown", f"{work}/hostile/tampered.md"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    # The same text everywhere makes one cause of all failures of a kind, and here are two kinds.
    with open(f"{work}/hostile/tampered.md", encoding="utf-8") as file:
        look(file.read(), 2)


def look(text, blocks):
    assert len(text) < 60_000, len(text)
    assert "\x1b" not in text and "##vso[" not in text and not re.search(r"^\s*::", text, re.MULTILINE)
    one = sound(MarkdownIt("gfm-like").render(text), "markdown-it-py")
    marked = subprocess.run(["marked", "--gfm"], input=text, capture_output=True, text=True, timeout=60, check=True).stdout
    other = sound(marked, "marked")
    assert one.tags.count("tr") == other.tags.count("tr") and one.tags.count("pre") == other.tags.count("pre") == blocks
    print(f"{len(text)} bytes, {one.tags.count('code')} pieces of hostile text: nothing but code in markdown-it-py and marked alike")


main()
