"""How far each customer's clock has come, live."""

from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from billflow.demo.scenario import PlanToPlay


class YearsProgress:
    """A bar per customer, from its first day to its last; shown on a terminal, silent elsewhere."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<20}"),
            TextColumn("{task.fields[summary]:<36}", style="dim"),
            BarColumn(),
            TextColumn("{task.fields[reached]:%Y-%m-%d}"),
            TimeElapsedColumn(),
            console=console,
        )

    def add(self, part: PlanToPlay) -> TaskID:
        """Begin a bar for a customer."""
        total = (part.ends_at - part.starts_at).total_seconds()
        return self._progress.add_task(
            part.organization.name, total=total, summary=part.description, reached=part.starts_at
        )

    def move_to(self, task: TaskID, part: PlanToPlay, moment: datetime) -> None:
        """Move a customer's bar to *moment*."""
        done = (moment - part.starts_at).total_seconds()
        self._progress.update(task, completed=done, reached=moment)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
