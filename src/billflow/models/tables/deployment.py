"""What a customer runs the product on: a realm in our cloud, a realm on a server of theirs, or the whole server."""

from uuid import UUID

from sqlalchemy import Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billflow.models.tables.base import Base, Identified, Owned, Stamped, belongs_to, in_org, lowered


class Realm(Identified, Owned, Stamped, Base):
    """An organization in our cloud; `string_id` is its subdomain."""

    __table_args__ = (in_org(), UniqueConstraint("org_id", "id"), UniqueConstraint("org_id", "string_id"))

    string_id: Mapped[str]
    name: Mapped[str]


class RemoteServer(Identified, Owned, Stamped, Base):
    """A server the customer runs; `uuid` is what it reports itself as."""

    __table_args__ = (
        in_org(),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "uuid"),
        Index("ix_remote_server_hostname_key", "org_id", "hostname_key"),
    )

    uuid: Mapped[UUID]
    hostname: Mapped[str]
    hostname_key: Mapped[str] = mapped_column(Text(collation="C"), lowered("hostname"))
    contact_email: Mapped[str | None]


class RemoteRealm(Identified, Owned, Stamped, Base):
    """One organization on a server the customer runs; `uuid` is what it reports itself as."""

    __table_args__ = (
        in_org(),
        belongs_to("remote_server", "server_id"),
        UniqueConstraint("org_id", "id"),
        UniqueConstraint("org_id", "uuid"),
        Index("ix_remote_realm_host_key", "org_id", "host_key"),
    )

    uuid: Mapped[UUID]
    server_id: Mapped[UUID | None]
    host: Mapped[str]
    host_key: Mapped[str] = mapped_column(Text(collation="C"), lowered("host"))
    name: Mapped[str]
