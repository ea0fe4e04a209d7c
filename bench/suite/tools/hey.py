"""hey."""

from __future__ import annotations

import re

from .base import Command, Job, Told, Tool, number


def _commands(program: str, job: Job) -> list[Command]:
    timed = ["-z", f"{job.seconds}s", "-c", str(job.users)]
    how: dict[str, tuple[list[str], str]] = {
        "A": (timed, ""),
        "C": ([*timed, "-q", "1"], "1/s for each user instead of think time"),
        "D": (
            ["-z", f"{job.seconds}s", "-c", "100", "-q", str(job.scenario.rate // 100)],
            "100 users at 20/s: not open",
        ),
        "E": (["-n", "1", "-c", "1"], "1 request"),
        "G": (["-n", str(job.users), "-c", str(job.users), "-t", "60"], ""),
    }
    if job.key not in how:
        return []
    options, note = how[job.key]
    url = job.base_url + "/big" if job.key == "G" else job.url
    return [Command([program, *options, url], _told, note=note)]


def _told(out: str) -> Told:
    answers, _, failures = out.partition("Error distribution:")
    codes = re.findall(r"^\s+\[(\d+)\]\s+(\d+) responses", answers, re.MULTILINE)
    bad = sum(int(count) for code, count in codes if not code.startswith("2"))
    failed = sum(int(count) for count in re.findall(r"^\s+\[(\d+)\]", failures, re.MULTILINE))
    within = {percent: number(rf"{percent}%+ in ([\d.]+) secs", answers, 1000) for percent in (50, 95, 99)}
    slowest = number(r"Slowest:\s+([\d.]+) secs", answers, 1000)
    return Told(sum(int(count) for _, count in codes), bad + failed, within[50], within[95], within[99], slowest)


TOOL = Tool("hey", "hey", _commands)
