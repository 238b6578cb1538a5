"""Merkle trees are those of RFC 6962, and a path leads to the root from its own leaf and place only."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.merkle import path_of, root_by_path, root_of

# The leaves and roots that implementations of RFC 6962 are tested with, by the number of leaves.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

leaves = st.lists(st.binary(max_size=40), min_size=1, max_size=70)


@pytest.mark.parametrize(("size", "root"), ROOTS.items())
def test_roots_are_those_of_rfc_6962(size: int, root: str) -> None:
    assert root_of(LEAVES[:size]).hex() == root


@given(leaves, st.data())
def test_a_path_leads_from_each_leaf_to_the_root(tree: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(tree) - 1))

    path = path_of(tree, index)

    assert root_by_path(tree[index], index, len(tree), path) == root_of(tree)
    assert len(path) <= (len(tree) - 1).bit_length()


@given(leaves, st.data())
def test_it_leads_there_from_no_other_leaf_place_or_size(tree: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(tree) - 1))
    path, root = path_of(tree, index), root_of(tree)
    other = data.draw(st.integers(-2, len(tree) + 2).filter(lambda one: one != index))
    longer = [*path, root]

    assert root_by_path(tree[index] + b"x", index, len(tree), path) != root
    assert root_by_path(tree[index], other, len(tree), path) != root or same_place(other, index, tree)
    assert root_by_path(tree[index], index, len(tree), longer) is None
    assert not path or root_by_path(tree[index], index, len(tree), path[:-1]) is None


def same_place(other: int, index: int, tree: list[bytes]) -> bool:
    """Tell whether equal leaves beside each other make two places indistinguishable."""
    return 0 <= other < len(tree) and path_of(tree, other) == path_of(tree, index)


@given(leaves)
def test_a_changed_dropped_or_moved_leaf_has_another_root(tree: list[bytes]) -> None:
    root = root_of(tree)

    assert root_of(tree[:-1]) != root
    assert root_of([*tree, b""]) != root
    assert root_of([tree[0] + b"x", *tree[1:]]) != root
    assert root_of(tree[::-1]) != root or tree == tree[::-1]


def test_a_place_beyond_the_leaves_has_no_path() -> None:
    only = sha256(b"\0" + b"one").digest()

    assert [root_by_path(b"one", index, 1, []) for index in (-1, 0, 1)] == [None, only, None]
