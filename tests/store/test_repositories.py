"""A repository is imported and made when it is first asked for."""

from dataclasses import fields
from importlib import import_module

from billflow.store.session.database import Database
from billflow.store.session.repositories import Part, Queries, Repositories, taken_by
from billflow.wiring.engine import Engine

PARTS = [
    (owner, name) for owner in (Repositories, Queries) for name, part in vars(owner).items() if isinstance(part, Part)
]


def test_each_is_of_the_class_it_is_annotated_with_and_made_once() -> None:
    database = Database("postgresql://127.0.0.1:1/never")
    assert len(PARTS) > 40
    for owner, name in PARTS:
        store = owner(database)

        part = getattr(store, name)

        assert owner.__annotations__[name] == f"Part[{type(part).__name__}]", name
        assert part.database is database, name
        assert getattr(store, name) is part, name


def test_each_service_is_made_from_what_the_engine_has() -> None:
    parts = {name: part for name, part in vars(Engine).items() if isinstance(part, Part)}
    kinds = {name: getattr(import_module(f"billflow.{part.module}"), part.kind) for name, part in parts.items()}
    there = {*dir(Engine), *(one.name for one in fields(Engine))}

    assert len(kinds) > 10
    assert [name for name, kind in kinds.items() if not set(taken_by(kind)) <= there] == []


def test_only_repositories_of_live_mode_work_with_real_money() -> None:
    database = Database("postgresql://127.0.0.1:1/never")

    assert Repositories(database, livemode=True).organizations.livemode
    assert not Repositories(database).organizations.livemode
