"""The compose file's services as processes of this machine: their commands and environment, with other addresses."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.source import ROOT

FILE = ROOT / "docker-compose.yml"
EVERYWHERE, HERE = "0.0.0.0", "127.0.0.1"  # noqa: S104  (what the file says; it is replaced)
REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    """Return what compose makes of `${NAME}`, `${NAME:-default}` and `${NAME:?message}`."""

    def value(found: re.Match[str]) -> str:
        named = variables.get(found["name"], "")
        assert named or found["kind"] != "?", f"{found['name']}: {found['rest']}"
        return named or (found["rest"] if found["kind"] == "-" else "")

    return REFERENCE.sub(value, text)


@dataclass
class Container:
    """A service that runs: its process, and the loopback address that stands for the container's own."""

    name: str
    address: str
    process: asyncio.subprocess.Process
    log: Path

    def said(self) -> str:
        """Return all that it wrote."""
        return self.log.read_text(errors="replace")


@dataclass
class Host:
    """Runs services of the file, with the *variables* of a shell and `.env`.

    *addresses* are what stands in the place of services' addresses; *also* is what the host's servers need beyond.
    """

    folder: Path
    variables: Mapping[str, str]
    addresses: Mapping[str, str]
    also: Mapping[str, str]
    _services: dict[str, Any] = field(default_factory=lambda: yaml.safe_load(FILE.read_text())["services"])
    _started: int = 0

    def environment(self, name: str, address: str) -> dict[str, str]:
        """Return the variables of a service; one without a value is as the shell has it, or not set."""
        found = {}
        for variable, value in self._services[name]["environment"].items():
            if value is not None:
                found[variable] = self._on_host(interpolated(str(value), self.variables), address)
            elif variable in self.variables:
                found[variable] = self.variables[variable]
        kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "HOME", "TMPDIR") if key in os.environ}
        return kept | dict(self.also) | found

    async def run(self, name: str, *words: str) -> tuple[int, str]:
        """Run a command in the environment of a service until it ends, as `docker compose run` does."""
        return await self._run([sys.executable, "-m", "billflow.cli", *words], self.environment(name, self._address()))

    async def migrated(self) -> None:
        """Run what the others wait for."""
        code, said = await self.run("migrate", *self._services["migrate"]["command"])
        assert code == 0, said

    @asynccontextmanager
    async def up(self, name: str) -> AsyncIterator[Container]:
        """Run a service, from when it is healthy; kill it in the end where it still runs."""
        address = self._address()
        log = self.folder / f"{name}-{address}.log"
        words = [sys.executable, "-m", "billflow.cli", *self._services[name]["command"]]
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *words, env=self.environment(name, address), cwd=self.folder, stdout=file, stderr=file
            )
        container = Container(name, address, process, log)
        try:
            await self._healthy(container)
            yield container
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _healthy(self, container: Container) -> None:
        """Ask as the file says until it is well; give up as compose does, ten times later."""
        check = self._services[container.name]["healthcheck"]
        kind, *words = check["test"]
        assert kind == "CMD"
        command = [word.replace(HERE, container.address) for word in words]
        command[0] = sys.executable if command[0] == "python" else command[0]
        said = ""
        for _ in range(10 * check["retries"]):
            assert container.process.returncode is None, container.said()
            code, said = await self._run(command, dict(os.environ))
            if code == 0:
                return
            await asyncio.sleep(1)
        raise AssertionError(f"{shlex.join(command)}\n{said}\n{container.said()}")

    async def _run(self, words: list[str], environment: dict[str, str]) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *words, env=environment, cwd=self.folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, complained = await process.communicate()
        return await process.wait(), (said if process.returncode == 0 else said + complained).decode()

    def _address(self) -> str:
        self._started += 1
        return f"127.86.0.{self._started}"

    def _on_host(self, text: str, address: str) -> str:
        for named, here in {**self.addresses, EVERYWHERE: address, "/app/": f"{self.folder}/"}.items():
            text = text.replace(named, here)
        return text
