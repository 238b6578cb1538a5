"""The API beside bare FastAPI routes: `python bench/api.py --bare [--customers N] [--rounds N] [--json]`.

Each route is kept busy by as many connections for as long as the bare route that does the same SQL (`bare_api.py`), by
turns in one run, one process each: so both meet the same machine. The goal is 0.6 of what the bare routes answer.
"""

import argparse
import asyncio
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from ending import run
from load import request, saturate
from process_use import use_of
from reading import crowd, routes_of, serving

from billflow.dev.stack import Stack

SHARE_WANTED = 0.6
SEATS = "POST /customers/{id}/seats"
REPORT = b'{"members": 41, "guests": 3}'
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OURS, THEIRS, BEFORE = "billflow", "bare", "before"


@dataclass
class Figures:
    """What one side answered on one route in all its rounds, and the CPU of its process and PostgreSQL's."""

    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    postgres: float = 0.0

    def shown(self) -> dict[str, object]:
        """Return them per second and per request."""
        return {
            "per_second": round(self.answered / self.seconds, 1),
            "cpu_ms": round(1000 * self.cpu / self.answered, 2),
            "postgresql_ms": round(1000 * self.postgres / self.answered, 2),
            "failed": self.failed,
        }


@dataclass(frozen=True)
class Route:
    """A route, the paths it is asked by, and whom each is about."""

    name: str
    paths: Sequence[str]
    abouts: Sequence[str]

    @property
    def body(self) -> bytes:
        """Return what is sent to it."""
        return REPORT if self.name == SEATS else b""

    def requests(self, number: int | None, host: str, key: str) -> Iterator[bytes]:
        """Yield requests to billflow, or to the bare route of that number."""
        paths = (
            self.paths if number is None else [f"/{number}/{quote(about or 'all', safe='')}" for about in self.abouts]
        )
        for path in itertools.cycle(paths):
            yield request("POST" if self.body else "GET", path, host, key, self.body)


@dataclass(frozen=True)
class Side:
    """One of the two: where it answers, and its process."""

    name: str
    url: str
    pid: int
    figures: dict[str, Figures] = field(default_factory=dict)


async def measured(
    side: Side, route: Route, asked: Iterator[bytes], postgres: int, options: argparse.Namespace
) -> None:
    """Keep one route of one side busy, and add to its figures."""
    figures = side.figures.setdefault(route.name, Figures())
    await saturate(side.url, asked, connections=options.connections, seconds=0.5)
    before = use_of(side.pid).cpu, use_of(postgres).cpu
    done = await saturate(side.url, asked, connections=options.connections, seconds=options.seconds)
    figures.seconds += done.seconds
    figures.answered += len(done.spans)
    figures.failed += done.failed
    figures.cpu += use_of(side.pid).cpu - before[0]
    figures.postgres += use_of(postgres).cpu - before[1]


@asynccontextmanager
async def bare(stack: Stack, routes: Sequence[Route], key: str) -> AsyncIterator[tuple[Side, dict[str, list[int]]]]:
    """Run the bare routes, and yield them with how many statements each sends by transaction."""
    asked = [
        {
            "name": route.name,
            "method": "POST" if route.body else "GET",
            "path": route.paths[0],
            "about": route.abouts[0],
            "body": json.loads(route.body) if route.body else None,
        }
        for route in routes
    ]
    program = ["-P", str(Path(__file__).with_name("bare_api.py")), json.dumps(asked), key]
    environment = {**os.environ, **stack.environment()}
    child = await asyncio.create_subprocess_exec(
        sys.executable, *program, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        if child.stdout is None or not (line := await child.stdout.readline()):
            raise SystemExit("the bare routes did not start")
        said = json.loads(line)
        yield Side(THEIRS, said["address"], child.pid), said["statements"]
    finally:
        child.terminate()
        await child.wait()


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures of both sides on each route."""
    async with crowd(options.customers, options.entries) as loaded:
        stack, key, found = loaded.stack, loaded.key, await routes_of(loaded.owner, loaded.org_id)
        routes = [Route(name, paths, [_about(path) for path in paths]) for name, paths in found.items()]
        reporting = next(one for one in routes if one.name == "GET /customers/{id}")
        routes.append(Route(SEATS, [f"{path}/seats" for path in reporting.paths], reporting.abouts))
        async with AsyncExitStack() as running:
            ours = Side(OURS, *await running.enter_async_context(serving(stack, 1)))
            theirs, sent = await running.enter_async_context(bare(stack, routes, key))
            sides = [ours, theirs]
            if options.before:
                sides.append(Side(BEFORE, *await running.enter_async_context(serving(stack, 1, options.before))))
            for _, (number, route) in itertools.product(range(options.rounds), enumerate(routes)):
                for side in sides:
                    number_there = number if side is theirs else None
                    asked = route.requests(number_there, urlsplit(side.url).netloc, key)
                    await measured(side, route, asked, loaded.postgres, options)
    return {name: _compared({side.name: side.figures[name] for side in sides}, sent[name]) for name in ours.figures}


def _about(asked: str) -> str:
    """Return whom a path is about: what is searched for, or the id in it; "" for a whole list."""
    path, _, query = asked.partition("?")
    value = query.partition("=")[2]
    if value and "&" not in value:
        return unquote(value)
    return next((part for part in path.split("/") if _ID.fullmatch(part)), "")


def _compared(figures: Mapping[str, Figures], sent: list[int]) -> dict[str, object]:
    rates = {name: one.answered / one.seconds for name, one in figures.items()}
    times = {"times_before": round(rates[OURS] / rates[BEFORE], 2)} if BEFORE in rates else {}
    shown = {name: one.shown() for name, one in figures.items()}
    return {"ratio": round(rates[OURS] / rates[THEIRS], 3), **times, "statements": sent, **shown}


def main() -> None:
    """Print the figures; the exit code is 1 where one misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000, help="how many customers, plans and invoices")
    parser.add_argument("--entries", type=int, default=3, help="how many ledger entries each plan has")
    parser.add_argument("--connections", type=int, default=8, help="how many are kept busy")
    parser.add_argument("--seconds", type=float, default=3.0, help="for how long each time")
    parser.add_argument("--rounds", type=int, default=2, help="how often each side has its turn")
    parser.add_argument("--before", metavar="SRC", help="the `src` of another build, which takes its turn as well")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = run(measure(options))
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {figures}" for name, figures in found.items()))
    ratios = [float(str(one["ratio"])) for one in found.values() if isinstance(one, dict)]
    sys.exit(min(ratios) < SHARE_WANTED)


if __name__ == "__main__":
    main()
