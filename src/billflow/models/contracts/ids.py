"""Ids of what people name."""

from enum import StrEnum

from billflow.models.contracts.responses import ResponseModel


class Named(StrEnum):
    """What may be named by the beginning of its id."""

    CUSTOMER = "customer"
    PLAN = "plan"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    MAIL = "mail"
    TEST_CLOCK = "test_clock"
    OFFER = "offer"
    ENDPOINT = "endpoint"
    EVENT = "event"
    FINDING = "finding"
    PLAN_BATCH = "plan_batch"
    DRY_RUN = "dry_run"
    RECONCILIATION_RUN = "reconciliation_run"
    SPONSORSHIP_REQUEST = "sponsorship_request"


class IdsResponse(ResponseModel):
    """The ids that were found, and what they are of."""

    kind: Named
    ids: list[str]
