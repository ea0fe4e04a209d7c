"""Runs one command and measures it: CPU, memory, wall time, and what else the machine did."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Optional

from . import procfs
from .targets import Target
from .tools.base import Command

LOOK_EVERY_S = 0.5  # at most; a short run is looked at more often
STRAGGLERS_S = 3.0  # how long processes may outlive the command that started them
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Sample:
    """One look at a running command."""

    at_s: float
    cpu_s: float
    requests: int


@dataclass
class Measured:
    """One run of one command."""

    exit_code: Optional[int] = None
    timed_out: bool = False
    wall_s: float = 0.0
    cpu_s: float = 0.0  # user + system, with all descendants
    rss_bytes: int = 0  # the highest sum over its processes
    requests: int = 0  # counted by the target
    other_cpu_share: float = 0.0  # what the rest of the machine used meanwhile; 1 is one core
    steady_rate: Optional[float] = None  # requests/s without start and end
    steady_cores: Optional[float] = None
    told: dict = field(default_factory=dict)  # what the tool itself reported
    truth: dict = field(default_factory=dict)  # what the freezing server saw
    problem: str = ""


def adopt_orphans() -> None:
    """Makes processes that lose their parent ours, so that they are counted and ended too."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def allow_many_files() -> None:
    """Lifts the limit on open files as far as allowed; children inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def measure(
    command: Command, target: Target, folder: Path, core: Optional[int], seconds: int, ramp_up: int
) -> Measured:
    """Runs a command to its end, or for `seconds` and a minute and a half at most."""
    run = _Run(command, target, folder, core)
    run.watch(limit_s=seconds + 90.0)
    got = run.result()
    _steady(got, run.samples, begin_s=ramp_up + 0.3 * (seconds - ramp_up), end_s=0.9 * seconds)
    try:
        if not got.timed_out:
            got.told = asdict(command.told((folder / "stdout").read_text(errors="replace")))
    except (LookupError, ValueError, TypeError, OSError) as error:
        got.problem = f"its report could not be read: {type(error).__name__} {error}"
    got.truth = target.truth()
    return got


class _Run:
    def __init__(self, command: Command, target: Target, folder: Path, core: Optional[int]) -> None:
        self.target = target
        self.samples: list[Sample] = []
        self.got = Measured()
        self.peak = 0
        self.orphans_cpu_s = 0.0
        self.strangers = procfs.pids() - {os.getpid()}
        self.requests_before = target.requests()
        self.busy_before = procfs.busy_seconds()
        self.own_before = _own_cpu() + target.cpu_s()
        with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
            self.begin = time.monotonic()
            self.child = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, **command.env},
                start_new_session=True,
                preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),
            )
        self.usage: Optional[resource.struct_rusage] = None

    def watch(self, limit_s: float) -> None:
        handle = os.pidfd_open(self.child.pid)
        try:
            while not select.select([handle], [], [], min(LOOK_EVERY_S, 0.01 + 0.1 * self._now()))[0]:
                self._look()
                if self._now() > limit_s:
                    self.got.timed_out = True
                    self._end_family()
        except BaseException:  # Ctrl-C, too: nothing may outlive the driver
            self._end_family()
            raise
        finally:
            os.close(handle)
        self.got.wall_s = self._now()
        _, status, self.usage = os.wait4(self.child.pid, 0)
        self.child.returncode = self.got.exit_code = os.waitstatus_to_exitcode(status)
        self._wait_for_stragglers()

    def result(self) -> Measured:
        got, usage = self.got, self.usage
        assert usage is not None, "watch() comes first"
        got.requests = self.target.requests() - self.requests_before
        got.cpu_s = usage.ru_utime + usage.ru_stime + self.orphans_cpu_s
        got.rss_bytes = max(self.peak, _peak_of(usage))
        busy = procfs.busy_seconds() - self.busy_before
        own = _own_cpu() + self.target.cpu_s() - self.own_before
        got.other_cpu_share = max(0.0, busy - own - got.cpu_s) / max(self._now(), 0.001)
        return got

    def _now(self) -> float:
        return time.monotonic() - self.begin

    def _look(self) -> None:
        members = procfs.family(self.child.pid, self.strangers)
        resident = sum(member.rss_bytes for member in members.values())
        self.peak = max([self.peak, resident, *map(procfs.high_water, members)])
        cpu_s = sum(member.cpu_s for member in members.values())
        self.samples.append(Sample(self._now(), cpu_s, self.target.requests()))

    def _end_family(self) -> None:
        for pid in procfs.family(self.child.pid, self.strangers):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _wait_for_stragglers(self) -> None:
        until = time.monotonic() + STRAGGLERS_S
        while left := procfs.family(self.child.pid, self.strangers):
            if time.monotonic() > until:
                self._end_family()
            for pid in left:
                try:
                    ended, _, usage = os.wait4(pid, os.WNOHANG)
                except ChildProcessError:
                    continue
                if ended:
                    self.orphans_cpu_s += usage.ru_utime + usage.ru_stime
            time.sleep(0.02)


def _own_cpu() -> float:
    times = os.times()
    return times.user + times.system


def _peak_of(usage: resource.struct_rusage) -> int:
    """The peak the kernel kept; 0 when it may be ours, since a child starts as a copy of this driver."""
    peak = usage.ru_maxrss * 1024
    return peak if peak > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 else 0


def _steady(got: Measured, samples: list[Sample], begin_s: float, end_s: float) -> None:
    """The slopes over the middle of a run."""
    middle = [sample for sample in samples if begin_s <= sample.at_s <= end_s]
    if len(middle) < 3:
        return
    first, last = middle[0], middle[-1]
    span = last.at_s - first.at_s
    got.steady_rate = (last.requests - first.requests) / span
    got.steady_cores = (last.cpu_s - first.cpu_s) / span
