"""Record the histories that tests/replay replays, and what workflows command; run it after changing a workflow.

Histories that are there already stay, unless --again is given: they are what running plans have done.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from temporalio.client import WorkflowHistory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from billflow.dev.folder import claimed  # noqa: E402  (the tests are found from here on)
from billflow.dev.postgres import embedded_postgres  # noqa: E402
from billflow.dev.temporal import embedded_temporal  # noqa: E402
from billflow.telemetry.logging import configure_logging  # noqa: E402
from tests.databases import create_template, migrated_database  # noqa: E402
from tests.environment import dev_server_environment  # noqa: E402
from tests.replay import fingerprint  # noqa: E402
from tests.replay.shapes import played  # noqa: E402

HISTORIES = ROOT / "tests" / "replay" / "histories"


def main() -> None:
    """Record what is missing, or everything again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true", help="forget the histories recorded before")
    parser.add_argument("--only", action="append", default=[], metavar="SHAPE", help="play this one; may be repeated")
    options = parser.parse_args()
    HISTORIES.mkdir(exist_ok=True)
    if options.again:
        for path in HISTORIES.glob("*.json"):
            path.unlink()
    configure_logging("json", "error")
    asyncio.run(_record(options.only))
    fingerprint.save()


async def _record(only: Sequence[str]) -> None:
    with _folder() as folder, claimed(folder) as lock:
        async with (
            embedded_postgres(folder, lock, durable=False) as (url, _),
            embedded_temporal(folder, lock, keep=False, ui_port=None) as temporal,
            dev_server_environment(temporal.address, await _migrated(url)) as env,
        ):
            async for title, history in played(env, only):
                _save(HISTORIES / f"{title}.json", history)


async def _migrated(url: str) -> str:
    await create_template(url)
    return await migrated_database(url)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="billflow-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user where we are root
        (folder / "temporal").mkdir()
        yield folder


def _save(path: Path, history: WorkflowHistory) -> None:
    if path.exists():
        path = path.with_stem(f"{path.stem}-{history.run_id[-6:]}")
    told = json.loads(history.to_json(), object_hook=_nameless)
    path.write_text(json.dumps(told, indent=1) + "\n")
    print(f"{path.relative_to(ROOT)}: {len(history.events)} events")


def _nameless(node: dict[str, object]) -> dict[str, object]:
    """Take away the name of the machine and process that recorded."""
    return {key: "recorder" if key == "identity" else value for key, value in node.items()}


if __name__ == "__main__":
    main()
