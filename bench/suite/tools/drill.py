"""drill: it runs a number of iterations, not a time, and knows nothing that happens once per user."""

from __future__ import annotations

import re
from typing import Optional

from .base import LOGIN_BODY, PATHS_OF_B, Command, Job, Told, Tool, number

REQUESTS_PER_SECOND = 20_000  # about what it does on one core: so much work is given for each second
ROUNDS_PER_LOGIN = 50
UNITS_MS = {"ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1000.0}


def _commands(program: str, job: Job) -> list[Command]:
    requests = REQUESTS_PER_SECOND * job.seconds
    per_login = ROUNDS_PER_LOGIN * len(PATHS_OF_B)
    how = {
        "A": (_get(), requests, "a number of requests, not a time"),
        "B": (_login_then_many(), requests // per_login, f"a login for every {per_login} requests"),
        "E": (_get(), 1, "1 request"),
    }
    if job.key not in how:
        return []
    plan, iterations, note = how[job.key]
    head = f"concurrency: {min(job.users, iterations)}\nbase: '{job.base_url}'\niterations: {iterations}\nplan:\n"
    return [
        Command([program, "--benchmark", job.write("drill.yml", head + plan), "--stats", "--quiet"], _told, note=note)
    ]


def _get() -> str:
    return "  - name: market-data\n    request:\n      url: /api/market-data\n"


def _login_then_many() -> str:
    login = (
        "  - name: login\n    request:\n      url: /api/auth/login\n      method: POST\n"
        f"      body: '{LOGIN_BODY}'\n      headers:\n        Content-Type: application/json\n    assign: login\n"
    )
    one = (
        "  - name: {path}\n    request:\n      url: /api/{path}\n      headers:\n"
        "        Authorization: Bearer {{{{ login.body.token }}}}\n    assign: answer\n"
        "  - name: is 200\n    assert:\n      key: answer.status\n      value: 200\n"
    )
    return login + "".join(one.format(path=path) for path in PATHS_OF_B) * ROUNDS_PER_LOGIN


def _told(out: str) -> Told:
    text = re.sub(r"\x1b\[[0-9;]*m", "", out)
    return Told(
        number(r"Total requests\s+(\d+)", text),
        number(r"Failed requests\s+(\d+)", text),
        p50=_ms("Median time per request", text),
        p99=_ms(r"99\.0'th percentile", text),
        max=_ms("Max time per request", text),
    )


def _ms(name: str, text: str) -> Optional[float]:
    found = re.search(name + r"\s+([\d.]+)\s*(\w+)", text)
    return float(found.group(1)) * UNITS_MS[found.group(2)] if found else None


TOOL = Tool("drill", "drill", _commands)
