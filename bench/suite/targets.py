"""The servers under load: nginx, and one that freezes. Both on a free port of the loopback interface."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from . import procfs
from .scenarios import BODY_BYTES, Scenario

HERE = Path(__file__).resolve().parent


class Target:
    """A server that was started, and what it counted."""

    def __init__(self, process: subprocess.Popen, port: int, counts_looks: bool) -> None:
        self.process = process
        self.port = port
        self._counts_looks = counts_looks
        self._looks = 0

    def requests(self) -> int:
        """How many requests it has answered, not counting ours."""
        found = re.search(rb"requests\s+\d+ \d+ (\d+)", self._get("/__status"))
        if not found:
            raise RuntimeError("the target does not tell how many requests it answered")
        self._looks += self._counts_looks
        return int(found.group(1)) - self._looks

    def truth(self) -> dict:
        """What the freezing server knows of response times; empty for nginx."""
        if self._counts_looks:
            return {}
        return json.loads(self._get("/__truth").split(b"\r\n\r\n", 1)[1])

    def cpu_s(self) -> float:
        """CPU time it has used, in seconds."""
        return sum(process.cpu_s for pid in self._pids() if (process := procfs.look_at(pid)))

    def pin(self, core: Optional[int]) -> None:
        """Keeps it on one core."""
        if core is not None:
            for pid in self._pids():
                os.sched_setaffinity(pid, {core})

    def wait_until_ready(self) -> None:
        """Returns when it answers."""
        until = time.monotonic() + 10
        while True:
            try:
                self.requests()
                return
            except (OSError, RuntimeError):
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends it, gently first."""
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _pids(self) -> list[int]:
        everything = map(procfs.look_at, procfs.pids())
        workers = [process.pid for process in everything if process and process.parent == self.process.pid]
        return [self.process.pid, *workers]

    def _get(self, path: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: target\r\nConnection: close\r\n\r\n".encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


@contextmanager
def started(scenario: Scenario, scratch: Path, core: Optional[int]) -> Iterator[Target]:
    """The scenario's target, for as long as the block runs."""
    port = _free_port()
    target = _freezing(scenario, port) if scenario.freezes else _nginx(scratch, port)
    try:
        target.wait_until_ready()
        target.pin(core)
        yield target
    finally:
        target.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _nginx(scratch: Path, port: int) -> Target:
    with open(scratch / "big.bin", "wb") as big:
        big.truncate(BODY_BYTES)
    text = (HERE / "nginx.conf.in").read_text().replace("@SCRATCH@", str(scratch)).replace("@PORT@", str(port))
    config = scratch / "nginx.conf"
    config.write_text(text)
    errors = str(scratch / "nginx-error.log")
    argv = ["nginx", "-p", str(scratch), "-c", str(config), "-e", errors]
    return Target(subprocess.Popen(argv, stdin=subprocess.DEVNULL), port, counts_looks=True)


def _freezing(scenario: Scenario, port: int) -> Target:
    argv = [sys.executable, str(HERE / "freezing_server.py"), str(port), "--rate", str(scenario.rate)]
    return Target(subprocess.Popen(argv, stdin=subprocess.DEVNULL), port, counts_looks=False)
