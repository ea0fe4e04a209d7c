"""The tools that are compared, one module each. Adding one: a module with a `TOOL`, and its name here."""

from __future__ import annotations

from . import artillery, drill, goose, hey, jmeter, loadplan, locust, oha, wrk
from .base import Tool

ALL: list[Tool] = [module.TOOL for module in (loadplan, wrk, oha, hey, goose, drill, jmeter, locust, artillery)]
