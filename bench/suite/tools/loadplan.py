"""loadplan itself, with the plans in bench/plans."""

from __future__ import annotations

import json
from pathlib import Path

from ..scenarios import LABELS
from .base import Command, Job, Told, Tool

PLANS = Path(__file__).resolve().parents[2] / "plans"


def _commands(program: str, job: Job) -> list[Command]:
    if job.key in ("A", "B", "B-rich"):
        return [_run(program, job, PLANS / f"{job.key}.yaml", *_size(job))]
    if job.key == "C":
        return [_run(program, job, PLANS / "C.yaml", *_size(job), "--ramp-up", f"{job.scenario.ramp_up}s")]
    if job.key == "D":
        return [_run(program, job, PLANS / "D.yaml")]
    if job.key == "E":
        plan = PLANS / "E.yaml"
        check = Command([program, "check", str(plan), "--base-url", job.base_url], lambda _: Told(), variant="check")
        return [check, _run(program, job, plan, variant="run, 1 request")]
    if job.key == "F":
        return [_run(program, job, Path(job.write("F.yaml", _many_labels(job))))]
    return [
        _run(program, job, PLANS / "G.yaml", variant="size asserted"),
        _run(program, job, PLANS / "G-body.yaml", variant="body looked into"),
    ]


def _size(job: Job) -> list[str]:
    return ["--users", str(job.users), "--duration", f"{job.seconds}s"]


def _run(program: str, job: Job, plan: Path, *options: str, variant: str = "") -> Command:
    results = job.folder / "results.json"
    files = ["--json", str(results), "--junit", str(job.folder / "junit.xml")]
    argv = [program, "run", str(plan), "--quiet", "--base-url", job.base_url, *files, *options]
    return Command(argv, lambda _: _told(results), variant=variant)


def _told(results: Path) -> Told:
    totals = json.loads(results.read_text())["totals"]
    times = totals["response_time"]
    return Told(totals["count"], totals["failed"], times["p50_ms"], times["p95_ms"], times["p99_ms"], times["max_ms"])


def _many_labels(job: Job) -> str:
    steps = "".join(f"      - get: /api/market-data?n={n}\n" for n in range(LABELS))
    return f"thread_groups:\n  users:\n    users: {job.users}\n    iterations: 2\n    steps:\n{steps}"


TOOL = Tool("loadplan", "loadplan", _commands)
