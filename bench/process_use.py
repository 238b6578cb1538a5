"""What processes take of the machine, as Linux counts it: seconds of CPU, and memory."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Use:
    """CPU in seconds since the process began, that of its ended children included, and resident bytes."""

    cpu: float
    memory: int


def use_of(pid: int) -> Use:
    """Return what a process and all that descend from it take."""
    parents = {int(one.name): _stat(int(one.name)) for one in Path("/proc").iterdir() if one.name.isdigit()}
    family = {pid}
    for _ in range(3):  # a server, its workers, and theirs
        family |= {one for one, fields in parents.items() if fields and int(fields[1]) in family}
    stats = [fields for one in family if (fields := parents.get(one))]
    ticks = sum(int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14]) for fields in stats)
    return Use(ticks / _TICKS, sum(int(fields[21]) for fields in stats) * _PAGE)


def _stat(pid: int) -> list[str] | None:
    """Return the fields of a process from its state on; None where it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
