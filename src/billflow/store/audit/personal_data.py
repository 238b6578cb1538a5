"""Crypto-shredding: personal data in the audit log and the outbox is sealed by a key of each customer.

Both are append-only, so erasing a customer deletes its key, and what that key sealed can't be opened any more.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

import structlog
from sqlalchemy import Dialect, event, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, UOWTransaction

from billflow.models.keyring import CannotDecrypt, Key, Keyring
from billflow.models.personal_fields import PERSONAL
from billflow.models.tables import AuditLog, CustomerKey, OutboxEvent
from billflow.models.tables.base import Json
from billflow.models.tables.sealed import bound
from billflow.telemetry.damaged import damaged_values

SEALED = PERSONAL | {"name", "deployment", "reason"}
"""The fields that are personal data, or free text in which some may stand, wherever they are in a JSON value."""

OF_NO_CUSTOMER = frozenset(
    {
        "api_key",
        "console_session",
        "dry_run",
        "org",
        "plan_batch",
        "reconciliation_finding",
        "reconciliation_run",
        "test_clock",
        "webhook_endpoint",
    }
)
"""What an organization has of its own: no text about it is about a customer, so none of it is sealed."""

ERASED = "[erased]"
DAMAGED = "[damaged]"
WITHHELD = "[withheld]"
_MARK = "$personal"

_log = structlog.get_logger(__name__)


class PersonalDataSession(Session):
    """A session that seals the personal data it writes into audit log and outbox."""


def customer_of(row: AuditLog | OutboxEvent) -> UUID | None:
    """Return the customer that an entry or event is about, None where it is about none."""
    if isinstance(row, OutboxEvent):
        return row.customer_id
    named = row.subject_id if row.subject_type == "customer" else (row.detail or {}).get("customer_id")
    try:
        return None if named is None else UUID(str(named))
    except ValueError:
        return None


async def personal_data_of(session: AsyncSession, customers: Iterable[UUID | None]) -> "PersonalDataReader":
    """Return what opens the personal data of *customers*, as far as they are not erased."""
    wanted = {customer for customer in customers if customer is not None}
    if not wanted:
        return PersonalDataReader({})
    rows = (await session.execute(_stored_keys_of(wanted))).all()
    dialect = session.get_bind().dialect
    return PersonalDataReader({customer: _readable(customer, stored, dialect) for customer, stored in rows})


class PersonalDataReader:
    """Opens what is sealed in JSON; what was erased reads `[erased]`, what can't be decrypted `[damaged]`.

    A key of None is itself damaged.
    """

    def __init__(self, keyrings: Mapping[UUID, Keyring | None]) -> None:
        self._keyrings = keyrings

    def open(self, customer_id: UUID | None, value: Any) -> Any:
        """Return a JSON value as it was written.

        Only fields named in `SEALED` are ever sealed, so a client's own object that looks sealed stays as it is.
        """
        if isinstance(value, list):
            return [self.open(customer_id, item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: self._open_field(customer_id, name, item) for name, item in value.items()}

    def _open_field(self, customer_id: UUID | None, name: str, item: Any) -> Any:
        is_sealed = name in SEALED and isinstance(item, dict) and item.keys() == {_MARK}
        if not is_sealed or customer_id is None:
            return self.open(customer_id, item)
        if customer_id not in self._keyrings:
            return ERASED
        return _open_text(self._keyrings[customer_id], item[_MARK])


def _open_text(keyring: Keyring | None, sealed: Any) -> Any:
    try:
        if keyring is not None and isinstance(sealed, str):
            return json.loads(keyring.open_text(sealed, _MARK))
    except (CannotDecrypt, ValueError):
        pass
    damaged_values().inc()
    return DAMAGED


def _readable(customer_id: UUID, stored: str, dialect: Dialect) -> Keyring | None:
    """Return a customer's key; None where it is damaged, which must not hide other customers' history."""
    try:
        return _keyring(customer_id, str(CustomerKey.secret.type.process_result_value(stored, dialect)))
    except (CannotDecrypt, ValueError):
        return None


def _stored_keys_of(customers: Iterable[UUID]) -> Any:
    stored = CustomerKey.secret.type.with_binding(CustomerKey.__table__.c.secret)
    return select(CustomerKey.customer_id, stored).where(CustomerKey.customer_id.in_(customers))


def _keyring(customer_id: UUID, secret: str) -> Keyring:
    return Keyring((Key(str(customer_id), base64.b64decode(secret)),))


def is_personal(value: Any) -> bool:
    """Tell whether a JSON value has personal data anywhere."""
    found: list[Any] = []
    _changed(value, found.append)
    return bool(found)


def _changed(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_changed(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: change(item) if name in SEALED and item else _changed(item, change) for name, item in value.items()}


def _sealed(value: Any, keyring: Keyring) -> Any:
    return _changed(value, lambda item: {_MARK: keyring.seal_text(json.dumps(item), _MARK)})


@event.listens_for(PersonalDataSession, "before_flush")
def _before_flush(session: Session, _: UOWTransaction, __: object) -> None:
    seal_new_rows(session)


def seal_new_rows(session: Session) -> None:
    """Seal the personal data of what was added to a session, before it is written."""
    rows = [row for row in session.new if isinstance(row, AuditLog | OutboxEvent)]
    about = [(customer, row) for row in rows if _has_personal_data(row) and (customer := _customer_or_withheld(row))]
    keyrings: dict[UUID, Keyring] = {}
    for customer, row in about:
        if customer not in keyrings:
            keyrings[customer] = _keyring_of(session, row.org_id, customer)
        for name in _SEALED_COLUMNS[type(row)]:
            setattr(row, name, _sealed(getattr(row, name), keyrings[customer]))


def _customer_or_withheld(row: AuditLog | OutboxEvent) -> UUID | None:
    """Return the customer whose personal data a row has; where it should name one and doesn't, keep none of that."""
    customer = customer_of(row)
    kind = row.subject_type if isinstance(row, AuditLog) else row.type.partition(".")[0]
    if customer is None and kind not in OF_NO_CUSTOMER:
        _log.error("personal data of nobody known is withheld", kind=kind)
        for name in _SEALED_COLUMNS[type(row)]:
            setattr(row, name, _changed(getattr(row, name), lambda _: WITHHELD))
    return customer


_SEALED_COLUMNS: dict[type, tuple[str, ...]] = {AuditLog: ("before", "after", "detail"), OutboxEvent: ("data",)}


def _has_personal_data(row: AuditLog | OutboxEvent) -> bool:
    return any(is_personal(getattr(row, name)) for name in _SEALED_COLUMNS[type(row)])


def _keyring_of(session: Session, org_id: UUID, customer_id: UUID) -> Keyring:
    key_id, secret = uuid4(), base64.b64encode(Key.fresh(str(customer_id)).secret).decode()
    secret = bound(secret, org_id, key_id)
    fresh: Json = {"id": key_id, "org_id": org_id, "customer_id": customer_id, "secret": secret}
    query = select(CustomerKey.customer_id, CustomerKey.secret).where(CustomerKey.customer_id.in_([customer_id]))
    found = session.execute(query).one_or_none()
    if found is None:
        session.execute(insert(CustomerKey).values(fresh).on_conflict_do_nothing())
        found = session.execute(query).one()
    return _keyring(customer_id, found[1])
