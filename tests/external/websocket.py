"""WebSockets against servers of PyPI's `websockets` and npm's `ws`: what they saw, beside loadplan's results.

    websocket.py PATH_TO_LOADPLAN FOLDER
"""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import threading
import time

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import PerMessageDeflate

USERS, ROUNDS = 3, 5
PLAN = """
name: WebSockets against other people's servers
http: { tls: { ca_file: ca.pem }, headers: { X-User: "${user_number}" } }
websocket: { url: "URL", timeout: 20s }
thread_groups:
  feed:
    users: USERS
    iterations: 2
    steps:
      - name: feed
        websocket: /feed
        connections: user
        steps:
          - repeat: ROUNDS
            steps:
              - name: ask
                send: { json: { ask: "${iteration * 1000}" } }
                reply: { where: { $.type: reply, $.ask: "${iteration * 1000}" } }
              - name: quote after the reply
                receive: { where: { $.number: 3 } }
  plain:
    iterations: 1
    steps:
      - name: plain
        websocket: /plain
        compression: false
        steps: [{ name: echo, send: hello, reply: {}, assert: { body: { equals: hello } } }]
  large:
    iterations: 1
    steps:
      - name: large
        websocket: /large
        steps:
          - name: a megabyte of chance
            send: "${random_string(1000000)}"
            reply: {}
            assert: { size: { equals: 1000000B } }
          - name: a megabyte of nothing
            send: { binary_file: zeros.bin }
            reply: {}
            assert: { size: { equals: 1000000B } }
  subprotocol:
    iterations: 1
    steps:
      - name: subprotocol
        websocket: /protocol
        subprotocols: [v3.feed, v2.feed]
        steps: [{ name: hello, send: hello, reply: {} }]
      - name: no subprotocol
        websocket: /protocol
        subprotocols: [v4.feed]
        steps: [{ name: never, send: never }]
  thinking:
    iterations: 1
    steps:
      - name: ping
        websocket: /ping
        steps:
          - pause: 2s
          - { name: after, send: hello, reply: {} }
  closing:
    iterations: 1
    steps:
CLOSING
thresholds: [error_rate < 90%]
"""
CODES = (1000, 1001, 1008, 1011, 4000)
CLOSING = "".join(
    f"      - websocket: /close/{code}\n        steps:\n"
    f"          - {{ name: close {code}, receive: {{ close: true }}, assert: {{ status: {{ equals: {code} }} }} }}\n"
    f"      - websocket: /close/{code}\n        name: again {code}\n        steps: [{{ name: unexpected {code}, receive: {{}} }}]\n"
    for code in CODES
).rstrip()

loadplan, work = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
folder = os.path.join(work, "websocket")
os.makedirs(folder, exist_ok=True)
with open(f"{folder}/zeros.bin", "wb") as file:
    file.write(bytes(1_000_000))
subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "ca.pem", "-days", "2",
     "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
    cwd=folder, check=True, stderr=subprocess.DEVNULL,
)


async def connection(socket, record):
    """One connection of the Python server; what it saw is appended to `record`."""
    path = socket.request.path
    seen = {
        "path": path,
        "extensions": ", ".join(one.name for one in socket.protocol.extensions),
        "subprotocol": socket.subprotocol,
        "user": socket.request.headers.get("X-User"),
        "messages": 0, "bytes": 0, "compressed": 0, "pongs": 0, "pongs_before_message": 0,
    }
    for extension in socket.protocol.extensions:
        assert isinstance(extension, PerMessageDeflate)

        def decode(frame, *, max_size=None, decode=extension.decode):
            seen["compressed"] += frame.rsv1
            return decode(frame, max_size=max_size)

        extension.decode = decode
    try:
        if path == "/feed":
            for number in (1, 2, 3):
                await socket.send(json.dumps({"type": "reply", "ask": -number}))
        if path.startswith("/close/"):
            code = int(path.rsplit("/")[-1])
            await socket.close(code, f"told {code}")
        pings = asyncio.create_task(ping(socket, seen)) if path == "/ping" else None
        async for message in socket:
            seen["messages"] += 1
            seen["bytes"] += len(message)
            seen["pongs_before_message"] = seen["pongs"]
            if path == "/feed":
                for number in (1, 2):
                    await socket.send(json.dumps({"type": "quote", "number": number}))
                await socket.send(json.dumps({"type": "reply", "ask": json.loads(message)["ask"]}))
                await socket.send(json.dumps({"type": "quote", "number": 3}))
            elif path == "/large":
                half = len(message) // 2
                await socket.send([message[:half], message[half:]])
            else:
                await socket.send(message)
        if pings:
            await pings
    except ConnectionClosed:
        # With a code that is none of 1000 and 1001, or without one.
        pass
    finally:
        await socket.wait_closed()
        seen["code"] = socket.close_code
        seen["clean"] = socket.close_code != 1006
        record.append(seen)


async def ping(socket, seen):
    for number in range(4):
        await (await socket.ping(f"ping {number}"))
        seen["pongs"] += 1
        await asyncio.sleep(0.1)


def python_server(record, tls):
    """Starts the Python server on a thread of its own; its port."""
    ready = threading.Event()
    ports = []

    async def run():
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{folder}/ca.pem", f"{folder}/key.pem")

        def choose(_socket, offered):
            return "v2.feed" if "v2.feed" in offered else None

        handler = lambda socket: connection(socket, record)  # noqa: E731
        async with serve(handler, "127.0.0.1", 0, ssl=context, max_size=1 << 24, select_subprotocol=choose) as server:
            ports.append(server.sockets[0].getsockname()[1])
            ready.set()
            await asyncio.Future()

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    assert ready.wait(10)
    return ports[0]


def run(name, url):
    """Runs the plan; its results."""
    plan = PLAN.replace("CLOSING", CLOSING).replace("URL", url)
    plan = plan.replace("USERS", str(USERS)).replace("ROUNDS", str(ROUNDS))
    with open(f"{folder}/{name}.yaml", "w") as file:
        file.write(plan)
    ran = subprocess.run([loadplan, "run", f"{name}.yaml", "--out", name, "--quiet"], cwd=folder, timeout=120)
    with open(f"{folder}/{name}/results.json") as file:
        results = json.load(file)
    assert ran.returncode == results["verdict"]["exit_code"] == 0, (ran.returncode, results["verdict"])
    return results


def judge(name, results, record):
    """Holds the results against what the server saw."""
    samplers = {one["label"]: one for one in results["samplers"]}
    of = lambda path: [one for one in record if one["path"] == path]  # noqa: E731

    def counted(label, count, failed=0):
        one = samplers[label]
        assert (one["count"], one["failed"]) == (count, failed), (name, label, one["count"], one["failed"], results["errors"])

    asked = USERS * 2 * ROUNDS
    counted("feed", USERS)
    counted("ask", asked)
    counted("quote after the reply", asked)
    feed = of("/feed")
    assert len(feed) == USERS and len({one["user"] for one in feed}) == USERS, feed
    assert sum(one["messages"] for one in feed) == asked
    for one in feed:
        assert "permessage-deflate" in one["extensions"] and one["compressed"] == one["messages"], one
        assert (one["code"], one["clean"]) == (1000, True), one
    if "read" in feed[0]:
        # All that is not counted is the close frame: six bytes of head and mask, two of the code.
        sent = sum(samplers[label]["sent_bytes"] for label in ("feed", "ask", "quote after the reply"))
        read = sum(one["read"] for one in feed)
        assert read - sent == 8 * USERS, (name, read, sent)

    (plain,) = of("/plain")
    assert (plain["extensions"], plain["compressed"], plain["messages"]) == ("", 0, 1), plain
    counted("echo", 1)

    (large,) = of("/large")
    assert (large["messages"], large["bytes"], large["compressed"]) == (2, 2_000_000, 2), large
    counted("a megabyte of chance", 1)
    counted("a megabyte of nothing", 1)
    assert samplers["a megabyte of nothing"]["received_bytes"] < 20_000, "it came compressed"

    assert sorted((one["subprotocol"] or "", one["messages"]) for one in of("/protocol")) in (
        [("", 0), ("v2.feed", 1)],
        [("v2.feed", 1)],
    ), of("/protocol")
    counted("hello", 1)
    counted("no subprotocol", 1, failed=1)

    (thinking,) = of("/ping")
    assert thinking["pongs"] == thinking["pongs_before_message"] == 4, thinking
    counted("after", 1)

    messages = {one["label"]: one["message"] for one in results["errors"]}
    for code in CODES:
        counted(f"close {code}", 1)
        counted(f"unexpected {code}", 1, failed=1)
        message = messages[f"unexpected {code}"]
        assert message.startswith(f"the server closed the connection with {code}"), message
        assert message.endswith(f": told {code}"), message
        assert [one["code"] for one in of(f"/close/{code}")] == [code, code], of(f"/close/{code}")
        assert all(one["clean"] for one in of(f"/close/{code}"))
    assert len(results["errors"]) == len(CODES) + 1, results["errors"]
    total = sum(one["messages"] for one in record)
    print(f"{name}: {total} messages and {len(record)} connections, seen alike by loadplan and the server")


def settled(read):
    """Waits for the records of the last connections."""
    for _ in range(100):
        record = read()
        if len(record) >= USERS + 4 + 2 * len(CODES):
            time.sleep(0.3)
            return read()
        time.sleep(0.1)
    raise AssertionError(read())


for name, tls in (("websockets", False), ("websockets-tls", True)):
    record = []
    port = python_server(record, tls)
    results = run(name, f"{'wss' if tls else 'ws'}://127.0.0.1:{port}")
    judge(name, results, settled(lambda: record))

path = f"{folder}/ws.jsonl"
open(path, "w").close()
server = subprocess.Popen(["node", f"{here}/websocket_ws.mjs", path], stdout=subprocess.PIPE, text=True)
try:
    port = int(server.stdout.readline())
    results = run("ws", f"ws://127.0.0.1:{port}")
    judge("ws", results, settled(lambda: [json.loads(line) for line in open(path)]))
finally:
    server.kill()
