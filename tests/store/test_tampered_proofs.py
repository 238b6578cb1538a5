"""`billflow-verify` accepts what was billed, and refuses a proof in which anything at all was changed."""

from collections.abc import Callable, Iterator
from copy import copy
from random import Random
from typing import Any

import pytest

from billflow_verify.faults import ProofFault
from billflow_verify.verification import verify
from tests.sizes import some
from tests.store.conftest import Company
from tests.store.proved_lives import TRUSTED, proofs_of
from tests.store.test_proved_kinds import ALL

Proof = dict[str, Any]
Place = tuple[Any, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Yield the way to each part of a proof, whole parts included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*at, key)
        yield from places(part, (*at, key))


def other(value: Any) -> Any:
    """Return something else than *value*, of its type where that can be."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return f"{value[:-1]}{'1' if value.endswith('0') else '0'}" if value else "x"
    return {**value, "another": 1} if isinstance(value, dict) else [*value, 1]


def changed(value: Any, place: Place) -> Any:
    """Return *value* with something else at a place; what isn't on the way there is shared."""
    if not place:
        return other(value)
    tampered = copy(value)
    tampered[place[0]] = changed(value[place[0]], place[1:])
    return tampered


def dropped(value: Any, place: Place) -> Any:
    """Return *value* without what is at a place."""
    tampered = copy(value)
    if len(place) == 1:
        del tampered[place[0]]
    else:
        tampered[place[0]] = dropped(value[place[0]], place[1:])
    return tampered


def refusal(proof: Proof) -> str:
    """Return how a proof is refused; fails where it isn't."""
    with pytest.raises(ProofFault) as refused:
        verify(proof, TRUSTED)
    return str(refused.value)


def accepted(proof: Proof) -> bool:
    """Tell whether a proof is taken to hold."""
    try:
        return bool(verify(proof, TRUSTED))
    except ProofFault:
        return False


def slipped_through(proof: Proof) -> list[tuple[str, Place]]:
    """Return every change of a proof that nobody notices."""
    ways: dict[str, Callable[[Proof, Place], Proof]] = {"changed": changed, "dropped": dropped}
    return [(way, place) for place in places(proof) for way, tamper in ways.items() if accepted(tamper(proof, place))]


@pytest.mark.parametrize("life", some(1, ["with_tax", "issued_again_by_stripe"]))
async def test_a_change_of_any_field_is_refused(company: Company, life: str) -> None:
    for proof in (await proofs_of(company, await ALL[life](company, Random(7))))[-2:]:
        assert "is proved" in verify(proof, TRUSTED)
        assert slipped_through(proof) == []


@pytest.mark.full
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("life", ALL)
async def test_a_change_of_any_field_of_any_proof_is_refused(company: Company, life: str, seed: int) -> None:
    proofs = await proofs_of(company, await ALL[life](company, Random(seed)))

    assert proofs
    for proof in proofs:
        assert "is proved" in verify(proof, TRUSTED)
        assert slipped_through(proof) == []
