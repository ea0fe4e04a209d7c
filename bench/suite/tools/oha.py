"""oha."""

from __future__ import annotations

import json
from typing import Optional

from .base import Command, Job, Told, Tool


def _commands(program: str, job: Job) -> list[Command]:
    timed = ["-z", f"{job.seconds}s", "-c", str(job.users)]
    how: dict[str, tuple[list[str], str]] = {
        "A": (timed, ""),
        "C": ([*timed, "-q", str(job.users)], "a rate over all instead of think time"),
        "D": (
            ["-z", f"{job.seconds}s", "-c", "500", "-q", str(job.scenario.rate), "--latency-correction"],
            "--latency-correction",
        ),
        "E": (["-n", "1", "-c", "1"], "1 request"),
        "G": (["-n", str(job.users), "-c", str(job.users)], ""),
    }
    if job.key not in how:
        return []
    options, note = how[job.key]
    url = job.base_url + "/big" if job.key == "G" else job.url
    return [Command([program, "--no-tui", "--output-format", "json", *options, url], _told, note=note)]


def _told(out: str) -> Told:
    report = json.loads(out[out.find("{") :])
    codes, failures = report["statusCodeDistribution"], report["errorDistribution"]
    # Requests that were on their way when the time was over are no errors.
    failed = sum(count for text, count in failures.items() if "deadline" not in text)
    bad = sum(count for code, count in codes.items() if not code.startswith("2"))
    times = report["latencyPercentiles"]
    ms = [_ms(times["p50"]), _ms(times["p95"]), _ms(times["p99"]), _ms(report["summary"]["slowest"])]
    return Told(sum(codes.values()), failed + bad, *ms)


def _ms(seconds: Optional[float]) -> Optional[float]:
    return None if seconds is None else seconds * 1000


TOOL = Tool("oha", "oha", _commands)
