"""What can be asked for on the command line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from . import scenarios
from .scenarios import Scenario

BENCH = Path(__file__).resolve().parents[1]
BINARY = BENCH.parent / "target" / "dist" / "loadplan"


def read(arguments: list[str]) -> argparse.Namespace:
    """The options, with every path made absolute."""
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Runs loadplan and every peer that is installed, in whole rounds, and prints tables.",
    )
    parser.add_argument("--scenarios", type=_scenarios, default=_scenarios("A,B,B-rich,C,D,E,F,G"), metavar="A,B,…")
    parser.add_argument(
        "--tools", type=lambda text: text.split(","), metavar="wrk,oha,…", help="default: all that are found"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, help="instead of a scenario's own duration")
    parser.add_argument("--users", type=_numbers, metavar="N,…", help="for C; default 2000,10000")
    parser.add_argument(
        "--loadplan", type=Path, default=BINARY, metavar="PATH", help="default: target/dist/loadplan"
    )
    parser.add_argument(
        "--peers", type=Path, default=BENCH / ".peers", metavar="DIR", help="where install-peers put them"
    )
    parser.add_argument("--scratch", type=Path, default=BENCH / ".scratch", metavar="DIR", help="for files of the runs")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the JSON file; default: in the scratch folder")
    parser.add_argument(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=(os.cpu_count() or 1) >= 2,
        help="the tool on one core, the target on another",
    )
    parser.add_argument(
        "--table", type=Path, nargs="+", metavar="FILE", help="run nothing: print the tables of JSON files"
    )
    options = parser.parse_args(arguments)
    for name in ("loadplan", "scratch", "peers"):
        setattr(options, name, getattr(options, name).resolve())
    return options


def _scenarios(text: str) -> list[Scenario]:
    try:
        return [scenarios.BY_KEY[key] for key in text.split(",")]
    except KeyError as error:
        raise argparse.ArgumentTypeError(
            f"there is no scenario {error}: there are {', '.join(scenarios.BY_KEY)}"
        ) from None


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]
