#!/usr/bin/env python3
"""A small HTTP/1.1 server that freezes once, and knows what an honest tool has to report.

    freezing_server.py PORT [--rate 2000] [--after 5] [--freeze 1]

--after seconds after the first request everything stands still for --freeze seconds: nothing is
read, answered or accepted, as in a long garbage collection. GET /__status answers like nginx's
stub_status. GET /__truth tells the response times of an even schedule of --rate requests/s that
began with the first request: the n-th answer's time less the n-th scheduled start. Neither of the
two is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import time
from typing import Optional

BODY = b'{"symbol":"ACME","bid":101.25,"ask":101.27,"last":101.26,"volume":1843200,"currency":"USD","status":"open"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class State:
    """What all connections share."""

    def __init__(self, rate: float, after: float, freeze: float) -> None:
        self.rate = rate
        self.after = after
        self.freeze = freeze
        self.frozen = False
        self.connections = 0
        self.begin: Optional[float] = None
        self.answered: list[float] = []

    def answer(self) -> None:
        """Counts an answer; freezes before it when it is time to."""
        now = time.monotonic()
        if self.begin is None:
            self.begin = now
        if not self.frozen and now - self.begin >= self.after:
            self.frozen = True
            time.sleep(self.freeze)
        self.answered.append(time.monotonic())

    def status(self) -> bytes:
        """What nginx's stub_status says."""
        counts = (self.connections, self.connections, len(self.answered))
        return b"Active connections: 1\nserver accepts handled requests\n %d %d %d\n" % counts

    def truth(self) -> bytes:
        """Response times of the schedule, in milliseconds."""
        begin = self.begin or 0.0
        times = sorted(1000 * (at - begin - n / self.rate) for n, at in enumerate(self.answered))
        if not times:
            return b"{}"
        ranks = {percent: math.ceil(percent / 100 * len(times)) - 1 for percent in (50, 95, 99)}
        truth = {f"p{percent}": max(0.0, times[rank]) for percent, rank in ranks.items()}
        return json.dumps({**truth, "max": times[-1]}).encode()


class Connection(asyncio.Protocol):
    """One connection; requests may be pipelined, their bodies are ignored."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.state.connections += 1

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while (end := self.waiting.find(b"\r\n\r\n")) >= 0:
            head, self.waiting = self.waiting[:end], self.waiting[end + 4 :]
            self.answer(head)

    def answer(self, head: bytes) -> None:
        if head.startswith(b"GET /__"):
            body = self.state.truth() if head.startswith(b"GET /__truth") else self.state.status()
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body)
            )
            self.transport.close()
            return
        self.state.answer()
        self.transport.write(ANSWER)
        if b"connection: close" in head.lower():
            self.transport.close()


async def serve(port: int, state: State) -> None:
    """Serves until it is ended from outside."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(state), "127.0.0.1", port, backlog=16384)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--after", type=float, default=5)
    parser.add_argument("--freeze", type=float, default=1)
    options = parser.parse_args()
    asyncio.run(serve(options.port, State(options.rate, options.after, options.freeze)))


if __name__ == "__main__":
    main()
