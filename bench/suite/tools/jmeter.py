"""JMeter 5 from the command line, with a plan from jmeter_plan.py; results go to a CSV file as usual."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from . import jmeter_plan
from .base import Command, Job, Told, Tool, from_histogram


def _commands(program: str, job: Job) -> list[Command]:
    if job.key not in ("A", "B", "C", "D"):
        return []
    results = job.folder / "results.jtl"
    results.unlink(missing_ok=True)  # JMeter would add to it
    plan = job.write("plan.jmx", jmeter_plan.build(job))
    argv = [program, "-n", "-t", plan, "-l", str(results), "-j", str(job.folder / "jmeter.log")]
    note = "open model thread group" if job.key == "D" else ""
    return [Command(argv, lambda _: _told(results), note=note)]


def _told(results: Path) -> Told:
    times: Counter[float] = Counter()
    errors = 0
    with open(results, newline="") as file:
        for row in csv.DictReader(file):
            times[float(row["elapsed"])] += 1
            errors += row["success"] != "true"
    return from_histogram(times.items(), sum(times.values()), errors)


TOOL = Tool("jmeter", "jmeter", _commands)
