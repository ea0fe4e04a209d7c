"""What was measured of one tool in one scenario, and what follows from it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Optional

from .measure import Measured


@dataclass
class Record:
    """All rounds of one command. The n-th run of every record was made in the same round."""

    scenario: str
    tool: str
    users: int
    note: str
    runs: list[Measured] = field(default_factory=list)

    @classmethod
    def from_json(cls, data: dict) -> Record:
        """The reverse of `to_json`."""
        return cls(**{**data, "runs": [Measured(**run) for run in data["runs"]]})

    def to_json(self) -> dict:
        """Everything, for the JSON file."""
        return asdict(self)

    def median(self, figure: Callable[[Measured], Optional[float]]) -> Optional[float]:
        """The median of a figure over the runs that have it."""
        return median(figure(run) for run in self.runs)

    def told(self, name: str) -> Optional[float]:
        """The median of a figure the tool itself reported."""
        return self.median(lambda run: run.told.get(name))

    def problems(self) -> list[str]:
        """What went wrong, each once."""
        found = {run.problem for run in self.runs} | {"timed out" for run in self.runs if run.timed_out}
        found |= {f"exit {run.exit_code}" for run in self.runs if run.exit_code}
        return sorted(found - {""})


def median(values: Iterable[Optional[float]]) -> Optional[float]:
    """The median of what is there."""
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def cpu_us(run: Measured) -> Optional[float]:
    """CPU per request, in microseconds."""
    return run.cpu_s / run.requests * 1e6 if run.requests else None


def cores(run: Measured) -> Optional[float]:
    """How many cores it kept busy over the middle of the run."""
    return run.steady_cores


def rss_mb(run: Measured) -> float:
    """Peak resident memory, in MB of 1,000,000 bytes."""
    return run.rss_bytes / 1e6


def wall_ms(run: Measured) -> float:
    """From start to end, in milliseconds."""
    return run.wall_s * 1000


def rate(run: Measured) -> Optional[float]:
    """Requests per second: over the middle of the run, or over all of a short one."""
    return run.steady_rate or (run.requests / run.wall_s if run.requests else None)


def cpu_ratio(one: Record, other: Record) -> Optional[float]:
    """How much CPU per request one takes of the other: the median of the rounds' ratios."""
    pairs = ((cpu_us(mine), cpu_us(theirs)) for mine, theirs in zip(one.runs, other.runs))
    return median(mine / theirs for mine, theirs in pairs if mine and theirs)


def find(records: list[Record], scenario: str, tool: str, users: Optional[int] = None) -> Optional[Record]:
    """The record of a tool in a scenario."""
    return next(
        (
            record
            for record in records
            if (record.scenario, record.tool) == (scenario, tool) and users in (None, record.users) and record.runs
        ),
        None,
    )
