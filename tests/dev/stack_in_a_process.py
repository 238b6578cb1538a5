"""A billflow of its own process for the tests to kill: runs a stack, says what runs, and waits."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from billflow.dev.errors import StackError
from billflow.dev.ports import LOOPBACK
from billflow.dev.stack import Ports, running_stack
from billflow.settings import Settings


async def main(folder: Path) -> None:
    settings, ports = Settings(data_dir=folder), Ports(temporal_ui=None)
    async with running_stack(settings, ports=ports, webhook_url=f"http://{LOOPBACK}:9/") as stack:
        pids = {process.name: process.pid for process in stack.processes}
        print(json.dumps({"pids": pids, "environment": stack.environment()}), flush=True)  # noqa: T201
        await stack.watch()


if __name__ == "__main__":
    # Who starts the tests in the background of a script has ctrl-C ignored for all below.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        asyncio.run(main(Path(sys.argv[1])))
    except StackError as error:
        sys.exit(error.message)
