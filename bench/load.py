"""Drivers: one sends requests when they are due, answered or not; one sends the next as soon as one is answered."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Figures:
    """How long the answers of one route took, in milliseconds from the moment they were due."""

    route: str
    requests: int
    p50: float
    p99: float
    failed: int


class Connection:
    """One kept connection to the API."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, request: bytes) -> int:
        """Send a request, read the answer whole, and return its status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await self._reader.readexactly(int(length.partition(b":")[2]))
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        """Let it go."""
        self._writer.close()


async def drive(
    url: str, key: str, routes: Mapping[str, Sequence[str]], *, rate: float, seconds: float
) -> list[Figures]:
    """Ask *rate* times a second for the paths of all routes in turn, and return how each route did."""
    place = urlsplit(url)
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    spans: dict[str, list[float]] = defaultdict(list)
    failed: dict[str, int] = defaultdict(int)
    loop = asyncio.get_running_loop()

    async def ask(route: str, path: str, due: float) -> None:
        if idle.empty():
            connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
        else:
            connection = idle.get_nowait()
        head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n"
        status = await connection.ask(head.encode())
        spans[route].append((loop.time() - due) * 1000)
        failed[route] += status != HTTPStatus.OK
        idle.put_nowait(connection)

    begin = loop.time() + 0.1
    async with asyncio.TaskGroup() as asking:
        for n, (route, path) in zip(range(int(rate * seconds)), _in_turn(routes), strict=False):
            due = begin + n / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            asking.create_task(ask(route, path, due))
    while not idle.empty():
        idle.get_nowait().close()
    return [_figures(route, spans[route], failed[route]) for route in routes]


async def saturate(url: str, requests: Iterator[bytes], *, connections: int, seconds: float) -> tuple[int, int]:
    """Keep so many connections busy for some seconds; return how many requests were answered, and how many badly."""
    place, loop = urlsplit(url), asyncio.get_running_loop()
    until, answered, failed = loop.time() + seconds, 0, 0

    async def busy() -> None:
        nonlocal answered, failed
        connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
        while loop.time() < until:
            failed += await connection.ask(next(requests)) >= HTTPStatus.BAD_REQUEST
            answered += 1
        connection.close()

    async with asyncio.TaskGroup() as asking:
        for _ in range(connections):
            asking.create_task(busy())
    return answered, failed


def _in_turn(routes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    turns = [zip(itertools.repeat(route), itertools.cycle(paths), strict=False) for route, paths in routes.items()]
    return itertools.chain.from_iterable(zip(*turns, strict=False))


def _figures(route: str, spans: list[float], failed: int) -> Figures:
    spans.sort()
    return Figures(
        route, len(spans), spans[len(spans) // 2], spans[min(len(spans) - 1, len(spans) * 99 // 100)], failed
    )
