"""A repository is imported and made when it is first asked for."""

import pytest

from billflow.store.repositories import Part, Queries, Repositories
from billflow.store.session.database import Database
from billflow.wiring.store import bundled_catalog

PARTS = [
    (owner, name) for owner in (Repositories, Queries) for name, part in vars(owner).items() if isinstance(part, Part)
]


@pytest.mark.parametrize(("owner", "name"), PARTS)
def test_each_is_of_the_class_it_is_annotated_with_and_made_once(
    owner: type[Repositories | Queries], name: str
) -> None:
    database = Database("postgresql://127.0.0.1:1/never")
    store = owner(database, bundled_catalog())

    part = getattr(store, name)

    assert owner.__annotations__[name] == f"Part[{type(part).__name__}]"
    assert part.database is database
    assert getattr(store, name) is part


def test_only_repositories_of_live_mode_work_with_real_money() -> None:
    database, catalog = Database("postgresql://127.0.0.1:1/never"), bundled_catalog()

    assert Repositories(database, catalog, livemode=True).organizations.livemode
    assert not Repositories(database, catalog).organizations.livemode
