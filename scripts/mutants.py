"""Print how many of mutmut's mutants each module of the domain has, and how many of them the tests kill.

Usage: mutmut run; python scripts/mutants.py [--survivors]

With `--survivors` the mutants that live are named too; `mutmut show NAME` says what each of them changes.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "mutants" / "src" / "billflow" / "domain"
_KILLED = {1, 3}
"""What pytest ends with where a test failed, or an error came of the mutant."""

_SURVIVED = {0: "survived", 5: "no test", 33: "no test"}
_NOT_RUN = "not run"
_TIMED_OUT = "timed out"


def main(arguments: Sequence[str]) -> int:
    """Print the table; return 1 where nothing has been run."""
    results = dict(verdicts())
    if not results:
        print("There are no mutants; run mutmut first: docs/testing.md says how.")
        return 1
    print("| module | mutants | run | killed | score |\n| --- | --- | --- | --- | --- |")
    for module, found in results.items():
        print(row(module, Counter(found.values())))
    print(row("all", sum((Counter(found.values()) for found in results.values()), Counter())))
    if "--survivors" in arguments:
        alive = [(found[name], name) for found in results.values() for name in found]
        print(*(f"{verdict}: {name}" for verdict, name in alive if verdict in _SURVIVED.values()), sep="\n")
    return 0


def verdicts() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each module with mutants, and what became of each of them."""
    for file in sorted(FOLDER.rglob("*.py.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"]
        if codes:
            module = str(file.relative_to(FOLDER)).removesuffix(".py.meta")
            yield module, {name: verdict(code) for name, code in codes.items()}


def verdict(code: int | None) -> str:
    """Say what a mutant's exit code means."""
    if code is None:
        return _NOT_RUN
    return "killed" if code in _KILLED else _SURVIVED.get(code, _TIMED_OUT)


def row(name: str, counts: Counter[str]) -> str:
    """Return a line of the table; a mutant whose tests never end is killed."""
    killed, run = counts["killed"] + counts[_TIMED_OUT], counts.total() - counts[_NOT_RUN]
    return f"| {name} | {counts.total()} | {run} | {killed} | {f'{100 * killed / run:.1f} %' if run else ''} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
