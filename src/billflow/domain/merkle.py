"""Merkle trees as RFC 6962 builds them: a root stands for all leaves in order, a path shows that one is among them."""

from collections.abc import Sequence
from hashlib import sha256

_LEAF, _NODE = b"\0", b"\1"


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over *leaves*, 32 bytes; of none it is the SHA-256 of nothing."""
    if not leaves:
        return sha256().digest()
    level = [_leaf(one) for one in leaves]
    while len(level) > 1:
        pairs = [_node(*level[n : n + 2]) for n in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes beside the way from the leaf at *index* up to the root, the lowest first."""
    if len(leaves) == 1:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return [*path_of(leaves[:half], index), root_of(leaves[half:])]
    return [*path_of(leaves[half:], index - half), root_of(leaves[:half])]


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Return the root that *path* leads to from the leaf at *index* of *size*; None where it is no such path."""
    if not 0 <= index < size:
        return None
    found, last, rest = _leaf(leaf), size - 1, list(path)
    while last:
        if index % 2 or index < last:
            if not rest:
                return None
            beside = rest.pop(0)
            found = _node(beside, found) if index % 2 else _node(found, beside)
        index, last = index // 2, last // 2
    return None if rest else found


def _leaf(data: bytes) -> bytes:
    return sha256(_LEAF + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
