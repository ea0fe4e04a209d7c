"""Reading /proc: processes, their memory, and how busy the machine was."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Optional

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Process:
    """A process at the moment it was looked at."""

    pid: int
    parent: int
    cpu_s: float  # user + system, its own and that of children it has waited for
    rss_bytes: int


def look_at(pid: int) -> Optional[Process]:
    """One process, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; what follows it are numbers.
    fields = text[text.rfind(b")") + 2 :].split()
    cpu_s = sum(int(field) for field in fields[11:15]) / TICKS_PER_SECOND
    return Process(pid, int(fields[1]), cpu_s, int(fields[21]) * PAGE_BYTES)


def pids() -> set[int]:
    """Every process of the machine."""
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def family(root: int, others: set[int]) -> dict[int, Process]:
    """`root` and everything that descends from it or was handed to us since the start.

    `others` are the processes that ran before: they do not belong to it.
    """
    found = {pid: process for pid in pids() - others if (process := look_at(pid))}
    members = {pid for pid, process in found.items() if pid == root or process.parent == os.getpid()}
    grew = True
    while grew:
        more = {pid for pid, process in found.items() if process.parent in members} - members
        members |= more
        grew = bool(more)
    return {pid: found[pid] for pid in members}


def high_water(pid: int) -> int:
    """The most resident memory a process ever had, in bytes; 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def busy_seconds() -> float:
    """CPU time the whole machine has used since it started, in seconds."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
