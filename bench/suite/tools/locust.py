"""locust, with its faster client, in one process."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from .base import Command, Job, Told, Tool, from_histogram

SCRIPT = Path(__file__).with_name("locustfile.py")
MODES = {"A": "get", "B": "login", "C": "think", "D": "pace"}
USERS_OF_D = 100


def _commands(program: str, job: Job) -> list[Command]:
    if job.key not in MODES:
        return []
    users = USERS_OF_D if job.key == "D" else job.users
    argv = [program, "--locustfile", str(SCRIPT), "--host", job.base_url, "--headless", "--users", str(users)]
    argv += ["--spawn-rate", str(users // max(1, job.scenario.ramp_up)), "--run-time", f"{job.seconds}s"]
    argv += ["--only-summary", "--json", "--skip-log-setup"]
    env = {"BENCH_MODE": MODES[job.key], "BENCH_PACE": str(job.scenario.rate / USERS_OF_D)}
    note = "FastHttpUser" + (", 100 users at 20/s: not open" if job.key == "D" else "")
    return [Command(argv, _told, env, note)]


def _told(out: str) -> Told:
    times: Counter[float] = Counter()
    lines = json.loads(out[out.find("[") : out.rfind("]") + 1])
    for line in lines:
        for time, count in line["response_times"].items():
            times[float(time)] += count
    requests = sum(line["num_requests"] for line in lines)
    errors = sum(line["num_failures"] for line in lines)
    slowest = max((line["max_response_time"] for line in lines), default=None)
    return replace(from_histogram(times.items(), requests, errors), max=slowest)


TOOL = Tool("locust", "locust", _commands)
