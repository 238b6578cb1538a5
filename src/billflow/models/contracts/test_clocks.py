"""Test clocks, and how far the plans on one have come."""

from billflow.models.contracts.base import Contract, Moment


class ClockRecord(Contract):
    """A test clock, standing at `now_at`."""

    org_id: str
    test_clock_id: str
    name: str
    now_at: Moment


class ClockProgress(Contract):
    """How far the plans on a test clock have come: all are billed up to `reached`, and for `due` of them more is due.

    `is_busy` tells whether anything at all still waits at the clock's time, such as an invoice that is not sent yet.
    """

    plans: int
    due: int
    reached: Moment
    is_busy: bool
