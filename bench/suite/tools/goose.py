"""A small program on the goose library, in goose/."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from .base import Command, Job, Told, Tool, from_histogram

MODES = {"A": "get", "B": "login", "C": "think", "D": "get"}
USERS_OF_D = 200


def _commands(program: str, job: Job) -> list[Command]:
    if job.key not in MODES:
        return []
    report = job.folder / "goose.json"
    users = USERS_OF_D if job.key == "D" else job.users
    start_up = max(1, job.scenario.ramp_up)
    argv = [program, "--host", job.base_url, "--users", str(users), "--increase-time", f"{start_up}s"]
    argv += ["--run-time", f"{job.seconds}s", "--no-reset-metrics", "--no-telnet", "--no-print-metrics", "--quiet"]
    argv += ["--report-file", str(report)]
    note = "own Rust code"
    if job.key == "D":
        argv += ["--throttle-requests", str(job.scenario.rate), "--co-mitigation", "average"]
        note = "--throttle-requests, --co-mitigation average"
    corrected = job.key == "D"
    return [Command(argv, lambda _: _told(report, corrected), {"BENCH_MODE": MODES[job.key]}, note)]


def _told(report: Path, corrected: bool) -> Told:
    times: Counter[float] = Counter()
    requests = errors = 0
    for line in json.loads(report.read_text())["raw_metrics"]["requests"].values():
        requests += line["success_count"] + line["fail_count"]
        errors += line["fail_count"]
        data = (corrected and line.get("coordinated_omission_data")) or line["raw_data"]
        unit = "times_us" if "times_us" in data else "times"
        for time, count in data[unit].items():
            times[int(time) / (1000 if unit == "times_us" else 1)] += count
    return from_histogram(times.items(), requests, errors)


TOOL = Tool("goose", "goose-bench", _commands)
