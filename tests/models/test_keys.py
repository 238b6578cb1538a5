"""Keys of different namespaces are never the same, whatever is named in them."""

from hypothesis import given
from hypothesis import strategies as st

from billflow.models.contracts.keys import KeyNamespace
from tests.source import BILLFLOW, called, nodes

NAMESPACES = st.sampled_from(KeyNamespace)
NAMES = st.lists(st.text(), min_size=1, max_size=3)


@given(NAMESPACES, NAMES, NAMESPACES, NAMES)
def test_keys_of_two_namespaces_are_two_keys(
    one: KeyNamespace, names: list[str], other: KeyNamespace, others: list[str]
) -> None:
    assert one is other or one.key(*names) != other.key(*others)


@given(NAMESPACES, st.text(), NAMESPACES)
def test_a_key_is_read_back_in_its_own_namespace_only(one: KeyNamespace, name: str, other: KeyNamespace) -> None:
    assert other.name_of(one.key(name)) == (name if one is other else None)


def test_no_key_is_made_outside_the_namespaces() -> None:
    made = [path.name for path, node in nodes(BILLFLOW) if called(node) == "NamespacedKey"]

    assert made == ["keys.py"]
