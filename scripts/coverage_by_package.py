"""Print what part of each package's lines and branches the tests run, from the JSON report of coverage.

Usage: coverage combine; coverage json -o FILE; python scripts/coverage_by_package.py FILE
"""

import json
import sys
from collections import Counter
from pathlib import Path

PACKAGE = "src/billflow/"
_COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def main(report: Path) -> None:
    """Print the table, and the whole of it in the last line."""
    totals: dict[str, Counter[str]] = {}
    for name, file in json.loads(report.read_text())["files"].items():
        inside, _, rest = name.partition(PACKAGE)
        if not inside:
            totals.setdefault(rest.partition("/")[0] if "/" in rest else "(modules)", Counter()).update(
                {key: file["summary"][key] for key in _COUNTED}
            )
    print("| package | statements | run | branches | taken |\n| --- | --- | --- | --- | --- |")
    for package, counts in sorted(totals.items()):
        print(row(package, counts))
    print(row("all", sum(totals.values(), Counter())))


def row(package: str, counts: Counter[str]) -> str:
    """Return a line of the table."""
    statements, branches = counts["num_statements"], counts["num_branches"]
    run, taken = share(counts["covered_lines"], statements), share(counts["covered_branches"], branches)
    return f"| {package} | {statements} | {run} | {branches} | {taken} |"


def share(part: int, whole: int) -> str:
    """Write *part* in percent of *whole*."""
    return f"{100 * part / whole:.1f} %" if whole else ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
