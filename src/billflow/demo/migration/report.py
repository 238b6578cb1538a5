"""What is printed of a migration: chapters of facts, one in a line, and whatever does not agree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console

from billflow.domain.currencies import format_amount

Amounts = Mapping[str, int]
"""Minor units by currency."""


@dataclass
class Chapter:
    """A part with its facts."""

    title: str
    facts: list[str] = field(default_factory=list)


@dataclass
class MigrationReport:
    """Prints facts as they come about, and keeps them."""

    console: Console
    chapters: list[Chapter] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self.chapters.append(Chapter(title))
        self.console.print(f"\n{title}", style="bold", markup=False, highlight=False)

    def fact(self, sentence: str, style: str | None = None) -> None:
        """Print a fact."""
        self.chapters[-1].facts.append(sentence)
        self.console.print(f"  {sentence}", style=style, markup=False, highlight=False, soft_wrap=True)

    def check(self, what: str, found: object, expected: object) -> None:
        """Print that something is as it must be, or that it differs."""
        if found == expected:
            self.fact(what, "green")
            return
        self.differences.append(f"{what}: {found}, and not {expected}")
        self.fact(self.differences[-1], "red")

    def verdict(self, sentence: str) -> None:
        """Say how it ended."""
        style = "bold red" if self.differences else "bold green"
        self.console.print(f"\n{sentence}", style=style, markup=False, highlight=False)

    def data(self) -> dict[str, object]:
        """Return it for scripts."""
        chapters = [{"title": one.title, "facts": one.facts} for one in self.chapters]
        return {"story": "migration", "chapters": chapters, "differences": self.differences}


def shown(amounts: Amounts) -> str:
    """Return amounts in a line."""
    return ", ".join(format_amount(amount, currency) for currency, amount in sorted(amounts.items())) or "nothing"
