"""Drivers: one sends requests when they are due, answered or not; one sends the next as soon as one is answered."""

import asyncio
import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit


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


@dataclass
class Answered:
    """What was answered: after how many seconds each, how many badly, and within how many seconds all of it."""

    spans: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0

    def add(self, other: "Answered") -> None:
        """Add what was answered another time."""
        self.spans += other.spans
        self.failed += other.failed
        self.seconds += other.seconds

    def percentile(self, part: float) -> float:
        """Return after how many milliseconds at most so large a part of all was answered."""
        ordered = sorted(self.spans)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * part))]


async def drive(
    url: str, key: str, asked: Iterator[tuple[str, str]], *, rate: float, seconds: float
) -> dict[str, Answered]:
    """Ask for *rate* of the paths a second, each of which comes with its route, and return how each route did.

    How long an answer took is counted from when it was due.
    """
    place = urlsplit(url)
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    answered: dict[str, Answered] = defaultdict(lambda: Answered(seconds=seconds))
    loop = asyncio.get_running_loop()

    async def ask(route: str, path: str, due: float) -> None:
        if idle.empty():
            connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
        else:
            connection = idle.get_nowait()
        status = await connection.ask(request("GET", path, place.netloc, key))
        answered[route].spans.append(loop.time() - due)
        answered[route].failed += status != HTTPStatus.OK
        idle.put_nowait(connection)

    begin = loop.time() + 0.1
    async with asyncio.TaskGroup() as asking:
        for n, (route, path) in zip(range(int(rate * seconds)), asked, strict=False):
            due = begin + n / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            asking.create_task(ask(route, path, due))
    while not idle.empty():
        idle.get_nowait().close()
    return answered


async def saturate(url: str, requests: Iterator[bytes], *, connections: int, seconds: float = math.inf) -> Answered:
    """Keep so many connections busy for some seconds, or until there is nothing left to ask."""
    place, clock = urlsplit(url), asyncio.get_running_loop().time
    begun, answered = clock(), Answered()

    async def busy() -> None:
        connection = Connection(*await asyncio.open_connection(place.hostname, place.port))
        while clock() < begun + seconds and (request := next(requests, None)):
            sent = clock()
            answered.failed += await connection.ask(request) >= HTTPStatus.BAD_REQUEST
            answered.spans.append(clock() - sent)
        connection.close()

    async with asyncio.TaskGroup() as asking:
        for _ in range(connections):
            asking.create_task(busy())
    answered.seconds = clock() - begun
    return answered


def request(method: str, path: str, host: str, key: str, body: bytes = b"", **headers: str) -> bytes:
    """Return a request as it is sent."""
    head = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {key}"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def in_turn(routes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield a path of each route in turn, each with its route, without an end."""
    turns = [zip(itertools.repeat(route), itertools.cycle(paths), strict=False) for route, paths in routes.items()]
    return itertools.chain.from_iterable(zip(*turns, strict=False))
