"""artillery: its load is arrivals, so that closed loops are users who arrive at the start and stay."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .base import PATHS_OF_B, Command, Job, Told, Tool

LOOP = Path(__file__).with_name("artillery_loop.js")


def _commands(program: str, job: Job) -> list[Command]:
    if job.key not in ("A", "B", "C", "D"):
        return []
    report = job.folder / "artillery.json"
    # JSON is YAML, too; the ending decides how artillery reads it.
    plan = job.write("artillery.yml", json.dumps({"config": _config(job), "scenarios": [{"flow": _flow(job)}]}))
    env = {"ARTILLERY_DISABLE_TELEMETRY": "true", "BENCH_SECONDS": str(job.seconds)}
    note = "arrivalRate, a connection each" if job.key == "D" else ""
    return [Command([program, "run", "--quiet", "--output", str(report), plan], lambda _: _told(report), env, note)]


def _config(job: Job) -> dict:
    phase = {"duration": max(1, job.scenario.ramp_up), "arrivalCount": job.users}
    if job.scenario.rate:
        phase = {"duration": job.seconds, "arrivalRate": job.scenario.rate}
    config: dict = {"target": job.base_url, "processor": str(LOOP), "phases": [phase]}
    if job.key == "B":
        config["plugins"] = {"expect": {"outputFormat": "silent", "reportFailuresAsErrors": True}}
    return config


def _flow(job: Job) -> list[dict]:
    market = {"get": {"url": "/api/market-data"}}
    if job.scenario.rate:
        return [market]
    if job.key == "B":
        body = {"username": "u", "password": "p"}
        login = {"post": {"url": "/api/auth/login", "json": body, "capture": {"json": "$.token", "as": "token"}}}
        return [login, {"loop": [_with_token(path) for path in PATHS_OF_B], "whileTrue": "keepGoing"}]
    think = [{"think": job.scenario.think_time}] if job.scenario.think_time else []
    return [{"loop": [market, *think], "whileTrue": "keepGoing"}]


def _with_token(path: str) -> dict:
    bearer = {"Authorization": "Bearer {{ token }}"}
    return {"get": {"url": f"/api/{path}", "headers": bearer, "expect": {"statusCode": 200}}}


def _told(report: Path) -> Told:
    aggregate = json.loads(report.read_text())["aggregate"]
    counters = aggregate["counters"]
    times = aggregate["summaries"].get("http.response_time", {})
    bad = sum(count for name, count in counters.items() if re.match(r"http\.codes\.[3-5]", name))
    errors = counters.get("vusers.failed", 0) + bad
    return Told(
        counters.get("http.responses", 0),
        errors,
        times.get("p50"),
        times.get("p95"),
        times.get("p99"),
        times.get("max"),
    )


TOOL = Tool("artillery", "artillery", _commands)
