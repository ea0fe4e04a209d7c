"""What a tool is, what it is asked to do, and what it reports."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from ..scenarios import Scenario

LOGIN_BODY = '{"username":"u","password":"p"}'
PATHS_OF_B = ["market-data", "market-data", "market-data", "portfolio"]


@dataclass(frozen=True)
class Told:
    """A tool's own figures. Times are in milliseconds; None is what it does not report."""

    requests: Optional[float] = None
    errors: Optional[float] = None
    p50: Optional[float] = None
    p95: Optional[float] = None
    p99: Optional[float] = None
    max: Optional[float] = None


@dataclass(frozen=True)
class Job:
    """A scenario at a size, against a target that runs."""

    scenario: Scenario
    users: int
    seconds: int
    base_url: str
    folder: Path  # for the files a tool reads and writes

    @property
    def key(self) -> str:
        """The scenario's key."""
        return self.scenario.key

    @property
    def url(self) -> str:
        """The address of the plain GET."""
        return self.base_url + "/api/market-data"

    @property
    def port(self) -> int:
        """The target's port."""
        return int(self.base_url.rsplit(":", 1)[1])

    def write(self, name: str, text: str) -> str:
        """Writes a file a tool reads; its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)


@dataclass(frozen=True)
class Command:
    """One way to run a tool."""

    argv: list[str]
    told: Callable[[str], Told]  # reads what it printed, or files it wrote
    env: dict[str, str] = field(default_factory=dict)
    note: str = ""
    variant: str = ""  # told apart from the tool's other commands for the same scenario


@dataclass(frozen=True)
class Tool:
    """A tool, and how it does each scenario: no command means that it cannot."""

    name: str
    program: str
    commands: Callable[[str, Job], list[Command]]  # (path of the program, what to do)

    def find(self, peers: Path) -> Optional[str]:
        """Where its program is: in the peers' folder, else on PATH."""
        return shutil.which(self.program, path=f"{peers / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")


def number(pattern: str, text: str, scale: float = 1.0) -> Optional[float]:
    """The number in the first group of a pattern."""
    found = re.search(pattern, text, re.MULTILINE)
    return float(found.group(1).replace(",", "")) * scale if found else None


def from_histogram(counts: Iterable[tuple[float, int]], requests: int, errors: float) -> Told:
    """Percentiles of (milliseconds, how often), each the smallest time that so many were within."""
    ordered = sorted(counts)
    total = sum(count for _, count in ordered)

    def rank(percent: float) -> Optional[float]:
        wanted, seen = math.ceil(total * percent / 100), 0
        for time, count in ordered:
            seen += count
            if seen >= wanted:
                return time
        return None

    return Told(requests, errors, rank(50), rank(95), rank(99), ordered[-1][0] if ordered else None)
