"""What is compared: one entry per scenario."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scenario:
    """One kind of load. Times are in seconds."""

    key: str
    title: str
    columns: str  # which table it is shown in, see tables.py
    users: int = 1
    seconds: int = 10
    ramp_up: int = 0
    think_time: int = 0
    rate: int = 0
    freezes: bool = False  # the target is the server that freezes once, not nginx
    repeats: int = 1  # how often a command is run within one round


LABELS = 20_000  # different requests in F
BODIES = 20  # answers in G
BODY_BYTES = 50_000_000  # the size of each

ALL = [
    Scenario("A", "A: a hot loop, 64 users GET 216 bytes of JSON, status asserted", "load", users=64),
    Scenario(
        "B", "B: log in once, then market 3 : portfolio 1 with the token, status asserted, 64 users", "load", users=64
    ),
    Scenario("B-rich", "B-rich: B with an extraction and three assertions on every answer", "load", users=64),
    Scenario(
        "C",
        "C: many users, 1 s think time after each request",
        "users",
        users=2_000,
        seconds=30,
        ramp_up=5,
        think_time=1,
    ),
    Scenario(
        "D", "D: 2,000 requests/s for 10 s against a server that freezes once for 1 s", "open", rate=2_000, freezes=True
    ),
    Scenario("E", "E: start-up, wall time of one command", "wall", repeats=10),
    Scenario("F", f"F: a plan of {LABELS:,} different requests", "memory", users=8),
    Scenario("G", f"G: {BODIES} users, each takes one answer of {BODY_BYTES // 1_000_000} MB", "memory", users=BODIES),
]

BY_KEY = {scenario.key: scenario for scenario in ALL}
