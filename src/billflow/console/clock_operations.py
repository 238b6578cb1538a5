"""Test clocks: made, advanced, and how far they are on their way."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from fastapi import APIRouter, Response

from billflow.api.routes.test_clocks import TestClockAdvance, TestClockCreate
from billflow.console.actions import Preview, preview_of
from billflow.console.operations import Operation, OperationForm, to
from billflow.console.pages import BASE, moment
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import Visit, VisitHere
from billflow.domain.errors import NotFound
from billflow.models.contracts.access import Mode
from billflow.models.contracts.audit import AuditFilter, AuditRecord
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.records import Paging
from billflow.models.contracts.test_clocks import ClockProgress, ClockRecord

AT_ONCE = 50
LONGEST_ADVANCE = timedelta(hours=1)
"""After which nobody waits for an advance any more; advanced to the same moment, the clock goes on."""

_SECONDS = 3
"""After which a page that is watched is drawn again."""

_KIND = "test_clock"
_log = structlog.get_logger(__name__)

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/clocks")


@dataclass(frozen=True)
class ClockJourney:
    """An advance of a clock as it was begun, and how far it has come."""

    since: datetime
    to: datetime
    clock: ClockRecord
    progress: ClockProgress

    @property
    def is_over(self) -> bool:
        """Tell whether the clock has arrived, with all that was due."""
        return self.clock.now_at >= self.to and not self.progress.is_busy

    @property
    def percent(self) -> int:
        """Return how much of the way all plans have come; 100 is said only once it is over."""
        if self.is_over:
            return 100
        whole, done = self.to - self.since, min(self.progress.reached, self.clock.now_at) - self.since
        return max(0, min(99, int(100 * done / whole))) if whole else 99


async def _preview_clock(_: Visit, __: str, asked: TestClockCreate) -> Preview:
    return preview_of([f"A clock stands at {moment(asked.now_at)} UTC until it is advanced."])


async def _make_clock(visit: Visit, _: str, asked: TestClockCreate, change: ChangeContext) -> Response:
    await visit.services.repositories.test_clocks.create(visit.org_id, asked.now_at, asked.name, change)
    return to("/clocks")


async def _preview_advance(visit: Visit, clock_id: str, asked: TestClockAdvance) -> Preview:
    progress = await visit.services.repositories.test_clocks.progress(visit.org_id, clock_id)
    due = f"All that is due before {moment(asked.to)} UTC happens now; the next page shows how far it is."
    return preview_of([due, f"Plans that run on the clock: {progress.plans}."])


async def _advance_clock(visit: Visit, clock_id: str, asked: TestClockAdvance, change: ChangeContext) -> Response:
    clocks, org_id = visit.services.clocks, visit.org_id
    await clocks.begin(org_id, clock_id, asked.to, change)

    async def carried_out() -> None:
        try:
            async with asyncio.timeout(LONGEST_ADVANCE.total_seconds()):
                await clocks.carry_out(org_id, clock_id, asked.to)
        except Exception:  # noqa: BLE001  (nobody waits for it; the log and the page tell)
            _log.exception("the advance of a test clock broke off", test_clock_id=clock_id)

    visit.console.in_background(carried_out())
    return to(f"/clocks/{clock_id}?watch=yes")


MAKE_CLOCK = Operation("Make a test clock", "/clocks/make", "/clocks", TestClockCreate, _preview_clock, _make_clock)
ADVANCE_CLOCK = Operation(
    "Advance the clock", "/clocks/{}/advance", "/clocks/{}", TestClockAdvance, _preview_advance, _advance_clock
)


@router.get("")
async def show_clocks(visit: VisitHere, after: str = "") -> Response:
    """Show the test clocks; there are none where money is real."""
    _check_test_mode(visit)
    paging = Paging(limit=AT_ONCE, after=after or None)
    return visit.page("clocks.html", found=await visit.services.repositories.test_clocks.list(visit.org_id, paging))


@router.get("/make")
async def show_make_clock(visit: VisitHere) -> Response:
    """Show the form of a new test clock."""
    _check_test_mode(visit)
    return await OperationForm(visit, MAKE_CLOCK, "Test clocks").show()


@router.post("/make")
async def make_clock(visit: VisitHere, sent: FormHere) -> Response:
    """Make a test clock."""
    _check_test_mode(visit)
    return await OperationForm(visit, MAKE_CLOCK, "Test clocks").do(sent)


@router.get("/{test_clock_id}")
async def show_clock(visit: VisitHere, test_clock_id: str, watch: str = "") -> Response:
    """Show where a clock stands, how far its advance is, and who made and advanced it why.

    With *watch* a browser asks again until it is over.
    """
    clock = await _clock(visit, test_clock_id)
    wanted = AuditFilter(subject_type=_KIND, subject_id=clock.test_clock_id)
    entries = (await visit.services.queries.audit.list(visit.org_id, wanted, Paging(limit=AT_ONCE))).rows
    progress = await visit.services.repositories.test_clocks.progress(visit.org_id, clock.test_clock_id)
    journey = _journey(clock, progress, entries)
    is_watched = bool(watch and journey and not journey.is_over)
    page = visit.page(
        "clock.html", clock=clock, progress=progress, journey=journey, entries=entries, watched=is_watched
    )
    if is_watched:
        page.headers["Refresh"] = f"{_SECONDS}; url={BASE}/operate/clocks/{clock.test_clock_id}?watch=yes"
    return page


@router.get("/{test_clock_id}/advance")
async def show_advance_clock(visit: VisitHere, test_clock_id: str) -> Response:
    """Show the form of where a test clock is advanced to."""
    return await (await _advance(visit, test_clock_id)).show()


@router.post("/{test_clock_id}/advance")
async def advance_clock(visit: VisitHere, test_clock_id: str, sent: FormHere) -> Response:
    """Begin to advance a test clock, and show how far it is."""
    return await (await _advance(visit, test_clock_id)).do(sent)


async def _advance(visit: Visit, clock_id: str) -> OperationForm:
    clock = await _clock(visit, clock_id)
    about = f"Test clock {clock.name or clock.test_clock_id}, at {moment(clock.now_at)} UTC"
    return OperationForm(visit, ADVANCE_CLOCK, about, clock_id)


async def _clock(visit: Visit, clock_id: str) -> ClockRecord:
    _check_test_mode(visit)
    return await visit.services.repositories.test_clocks.get(visit.org_id, clock_id)


def _journey(clock: ClockRecord, progress: ClockProgress, entries: tuple[AuditRecord, ...]) -> ClockJourney | None:
    """Return the newest advance that was begun, None where there is none; *entries* are the newest first."""
    begun = next((one.detail for one in entries if one.action == "test_clock.advanced" and one.detail), None)
    if begun is None:
        return None
    since, until = datetime.fromisoformat(begun["from"]), datetime.fromisoformat(begun["to"])
    return ClockJourney(since, until, clock, progress)


def _check_test_mode(visit: Visit) -> None:
    if visit.console.mode is not Mode.TEST:
        raise NotFound("There are test clocks in test mode only.", code="no_such_route")
