"""Test clocks: time that stands still until it is advanced, and all that is due then happens for real."""

from http import HTTPStatus

from pydantic import ConfigDict, Field

from billflow.api.changes import change_by
from billflow.api.fields import PagingHere
from billflow.api.principal import TesterHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.responses import TestClockList, TestClockResponse
from billflow.models.contracts.test_clocks import ClockRecord

router = api_router("test clocks", "/test-clocks")


class TestClockCreate(RequestModel):
    """A clock to create, standing at `now_at`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "two years of Acme", "now_at": "2026-01-31T00:00:00Z"}]}
    )

    name: str = Field("", max_length=200)
    now_at: RequestMoment


class TestClockAdvance(RequestModel):
    """The moment to advance a clock to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "2028-01-31T00:00:00Z"}]})

    to: RequestMoment


@router.post("", status_code=HTTPStatus.CREATED, response_model=TestClockResponse)
async def create_clock(asked: TestClockCreate, services: ServicesHere, principal: TesterHere) -> ClockRecord:
    """Create a clock; plans are started on it by `test_clock_id`."""
    return await services.repositories.test_clocks.create(
        principal.org_id, asked.now_at, asked.name, change_by(principal)
    )


@router.get("")
async def list_clocks(services: ServicesHere, principal: TesterHere, paging: PagingHere) -> TestClockList:
    """List clocks, the newest first."""
    return TestClockList.of(await services.repositories.test_clocks.list(principal.org_id, paging))


@router.get("/{test_clock_id}", response_model=TestClockResponse)
async def show_clock(test_clock_id: str, services: ServicesHere, principal: TesterHere) -> ClockRecord:
    """Show where a clock stands."""
    return await services.repositories.test_clocks.get(principal.org_id, test_clock_id)


@router.post("/{test_clock_id}/advance", response_model=TestClockResponse)
async def advance_clock(
    test_clock_id: str, asked: TestClockAdvance, services: ServicesHere, principal: TesterHere
) -> ClockRecord:
    """Move a clock forward; answers once everything due on the way is billed and collected."""
    await services.clocks.advance(principal.org_id, test_clock_id, asked.to, change=change_by(principal))
    return await services.repositories.test_clocks.get(principal.org_id, test_clock_id)
