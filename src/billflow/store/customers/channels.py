"""The channels of projects; they inherit the settings of their project, and through it the customer's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound
from billflow.domain.inheritance import Level, merged
from billflow.models.contracts.customer_resources import ChannelChange, ChannelRecord, NewChannel
from billflow.models.contracts.customer_settings import ResolvedSettings
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.tables import ChannelRow, CustomerRow, ProjectRow
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.base import CustomerStore, check_writable, held, note, overwrite
from billflow.store.customers.creation import explained
from billflow.store.customers.projects import project_level
from billflow.store.customers.settings import level_of, resolved_settings
from billflow.store.session.database import as_id


class Home(NamedTuple):
    """The project a channel is in, and the customer whose project it is."""

    customer: CustomerRow
    project: ProjectRow


@dataclass(frozen=True)
class Channels(CustomerStore):
    """Channels of a project; while its customer is suspended they are read-only. Unknown ids raise `NotFound`."""

    async def channels(self, org_id: str, project_id: str) -> tuple[ChannelRecord, ...]:
        """Return all channels of a project, the oldest first."""
        async with self.database.unit_of_work(org_id) as session:
            home = await _home(session, org_id, project_id, lock=False)
            query = select(ChannelRow).where(ChannelRow.project_id == home.project.id)
            return tuple(
                map(channel_record, await session.scalars(query.order_by(ChannelRow.created_at, ChannelRow.id)))
            )

    async def channel(self, org_id: str, project_id: str, channel_id: str) -> ChannelRecord:
        """Return one channel."""
        async with self.database.unit_of_work(org_id) as session:
            home = await _home(session, org_id, project_id, lock=False)
            return channel_record(await _channel(session, home, channel_id))

    async def channel_settings(self, org_id: str, project_id: str, channel_id: str) -> ResolvedSettings:
        """Return the settings that hold in a channel, and where each comes from."""
        async with self.database.unit_of_work(org_id) as session:
            home = await _home(session, org_id, project_id, lock=False)
            row = await _channel(session, home, channel_id)
            own = Level("channel", str(row.id), row.settings)
            return resolved_settings([level_of(home.customer), project_level(home.project), own])

    async def add_channel(self, org_id: str, project_id: str, new: NewChannel, change: ChangeContext) -> ChannelRecord:
        """Add a channel; raises `Refused` where the project has one of that name."""
        async with self._writing(org_id, project_id, change) as (home, recorder):
            settings = merged({}, new.settings.given())
            row = ChannelRow(
                id=uuid4(), org_id=home.project.org_id, project_id=home.project.id, name=new.name, settings=settings
            )
            recorder.session.add(row)
            note(recorder, "channel.created", home.customer.id, row, {"name": row.name})
            return await _written(recorder.session, row)

    async def change_channel(
        self, org_id: str, path: tuple[str, str], asked: ChannelChange, change: ChangeContext
    ) -> ChannelRecord:
        """Change what *asked* names of the channel at *path*, project and channel; settings are merged."""
        async with self._writing(org_id, path[0], change) as (home, recorder):
            row = await _channel(recorder.session, home, path[1])
            before, after = overwrite(row, asked)
            if after:
                note(recorder, "channel.updated", home.customer.id, row, before, after)
            return await _written(recorder.session, row)

    async def remove_channel(self, org_id: str, path: tuple[str, str], change: ChangeContext) -> None:
        """Remove the channel at *path*, project and channel."""
        async with self._writing(org_id, path[0], change) as (home, recorder):
            row = await _channel(recorder.session, home, path[1])
            note(recorder, "channel.deleted", home.customer.id, row, {"name": row.name}, {})
            await recorder.session.delete(row)

    @asynccontextmanager
    async def _writing(
        self, org_id: str, project_id: str, change: ChangeContext
    ) -> AsyncIterator[tuple[Home, Recorder]]:
        try:
            async with self.database.unit_of_work(org_id) as session:
                home = await _home(session, org_id, project_id)
                check_writable(home.customer)
                yield home, recorder_of(session, home.customer.org_id, change)
        except IntegrityError as error:
            raise explained(error) from error


async def _home(session: AsyncSession, org_id: str, project_id: str, *, lock: bool = True) -> Home:
    project = await session.get(ProjectRow, as_id(project_id, "project"))
    if project is None:
        raise NotFound(f"There is no project {project_id!r}.")
    ref = CustomerRef(org_id=org_id, customer_id=str(project.customer_id))
    return Home(await held(session, ref, lock=lock), project)


async def _channel(session: AsyncSession, home: Home, channel_id: str) -> ChannelRow:
    row = await session.get(ChannelRow, as_id(channel_id, "channel"))
    if row is None or row.project_id != home.project.id:
        raise NotFound(f"There is no channel {channel_id!r} of that project.")
    return row


async def _written(session: AsyncSession, row: ChannelRow) -> ChannelRecord:
    await session.flush()
    await session.refresh(row)
    return channel_record(row)


def channel_record(row: ChannelRow) -> ChannelRecord:
    """Return a channel as it is shown."""
    return ChannelRecord(
        channel_id=str(row.id),
        project_id=str(row.project_id),
        name=row.name,
        settings=row.settings,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
