"""What Temporal's SDK counts: its core serves it on a port of this machine alone, and we pass it on."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx
from temporalio.runtime import PrometheusConfig, Runtime

from billflow.temporal.logs import core_telemetry

_LOOPBACK = "127.0.0.1"
_TRIES = 10
_PATIENCE = 5.0


@dataclass(frozen=True)
class CountingRuntime:
    """A runtime of the SDK that counts; clients made on it, and their workers, are counted."""

    runtime: Runtime
    url: str

    async def exposition(self) -> bytes:
        """Return its numbers; see `exposition_at`."""
        return await exposition_at(self.url)


async def exposition_at(url: str) -> bytes:
    """Return a runtime's numbers in Prometheus' text format; raises `httpx.HTTPError` where it does not answer."""
    async with httpx.AsyncClient(trust_env=False, timeout=_PATIENCE) as http:
        return (await http.get(url)).raise_for_status().content


def of_processes(expositions: Mapping[str, bytes]) -> bytes:
    """Return the numbers of several processes as one exposition: each sample names its process by a label."""
    heads, samples = dict[str, dict[str, str]](), dict[str, list[str]]()
    for process, exposition in expositions.items():
        family = ""
        for line in exposition.decode().splitlines():
            if line.startswith("#"):
                _, kind, family, *_ = line.split(maxsplit=3)
                heads.setdefault(family, {})[kind] = line
            elif line:
                samples.setdefault(family, []).append(_of_process(line, process))
    lines = [line for family, head in heads.items() for line in (*head.values(), *samples.get(family, ()))]
    return "".join(f"{line}\n" for line in lines).encode()


def _of_process(sample: str, process: str) -> str:
    series, _, value = sample.rpartition(" ")
    name, _, labels = series.rstrip("}").partition("{")
    named = f'process="{process}"'
    return f"{name}{{{named},{labels}}} {value}" if labels else f"{name}{{{named}}} {value}"


def counting_runtime() -> CountingRuntime:
    """Start a runtime that counts; names and units are those of Prometheus (seconds, `_total`)."""
    for _ in range(_TRIES):
        with suppress(ValueError):  # somebody took the port in the meantime
            return _counting_at(_free_port())
    return _counting_at(_free_port())


def _counting_at(port: int) -> CountingRuntime:
    address = f"{_LOOPBACK}:{port}"
    config = PrometheusConfig(address, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True)
    return CountingRuntime(Runtime(telemetry=core_telemetry(config)), f"http://{address}/metrics")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((_LOOPBACK, 0))
        return int(listener.getsockname()[1])
