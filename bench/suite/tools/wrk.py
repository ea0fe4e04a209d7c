"""wrk with its Lua script: the yardstick of CPU per request."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .base import Command, Job, Told, Tool

SCRIPT = Path(__file__).with_name("wrk.lua")
MODES = {"A": "get", "B": "login", "B-rich": "login", "C": "think"}
NOTES = {"B": "Lua; one login a thread", "B-rich": "the script of B", "C": "Lua delay()"}


def _commands(program: str, job: Job) -> list[Command]:
    if job.key not in MODES:
        return []
    argv = [program, "-t1", f"-c{job.users}", f"-d{job.seconds}s", "--script", str(SCRIPT), job.url]
    return [Command(argv, _told, {"BENCH_MODE": MODES[job.key]}, NOTES.get(job.key, ""))]


def _told(out: str) -> Told:
    found = re.search(r"^STATS (\{.*\})", out, re.MULTILINE)
    return Told(**json.loads(found.group(1))) if found else Told()


TOOL = Tool("wrk", "wrk", _commands)
