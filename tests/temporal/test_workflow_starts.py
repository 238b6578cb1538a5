"""Every workflow can be found by what it is about, and shows nothing personal in clear text."""

import ast
from datetime import UTC, datetime

import pytest
from temporalio.common import SearchAttributeKey

from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.models.contracts.adjustments import CloseInvoiceInput, SendAdjustmentInput
from billflow.models.contracts.catalog_changes import PriceChangeRef
from billflow.models.contracts.customer_resources import ProjectCreate
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.dry_run import DryRunRef
from billflow.models.contracts.endpoints import DeliveryStream
from billflow.models.contracts.invoices import InvoiceStatus, InvoiceSummary
from billflow.models.contracts.mail import MailRef, NotificationInput, Occasion
from billflow.models.contracts.onboarding import OnboardingInput, OnboardingOptions
from billflow.models.contracts.plan_batches import BatchInput, BatchStatus
from billflow.models.contracts.plans import PlanInput, PlanState
from billflow.models.contracts.reconciliation import (
    NightlyReconciliationInput,
    ReconciliationInput,
    ReconciliationScope,
    RepairInput,
)
from billflow.models.contracts.seat_sources import SeatPullInput
from billflow.temporal import workflow_starts as starts
from billflow.temporal.search_attributes import CUSTOMER, INVOICE, ORG, PLAN
from billflow.temporal.workflow_starts import WorkflowStart
from tests.source import BILLFLOW, called, nodes, place
from tests.test_source import decorated

CANARY = "Erika Mustermann"
AT = datetime(2026, 11, 28, tzinfo=UTC)
VALUES = {ORG: "org-1", CUSTOMER: "customer-1", PLAN: "plan-1", INVOICE: "invoice-1"}
OF_CUSTOMER = (ORG, CUSTOMER)
OF_INVOICE = (*OF_CUSTOMER, PLAN, INVOICE)
KEYWORDS = {
    "start_workflow": "search_attributes",
    "start_child_workflow": "search_attributes",
    "execute_child_workflow": "search_attributes",
    "ScheduleActionStartWorkflow": "typed_search_attributes",
}
EVERY_OPTION = None
"""The name of `**options`."""

STATE = PlanState(
    org_id="org-1",
    plan_id="plan-1",
    customer_id="customer-1",
    tier="cloud_standard",
    tier_name="Cloud Standard",
    schedule=Schedule.MONTHLY,
    status=PlanStatus.ACTIVE,
    currency="USD",
    price_per_license=800,
    fixed_price=None,
    license_management=LicenseManagement.AUTOMATIC,
    collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
    billing_cycle_anchor=AT,
    next_invoice_date=AT,
    due_at=AT,
    version=1,
)
SUMMARY = InvoiceSummary(
    org_id="org-1",
    invoice_id="invoice-1",
    plan_id="plan-1",
    kind=InvoiceKind.RECURRING,
    status=InvoiceStatus.OPEN,
    collection_method=CollectionMethod.CHARGE_AUTOMATICALLY,
    total=8000,
    currency="USD",
    issued_at=AT,
)
CUSTOMER_REF = CustomerRef(org_id="org-1", customer_id="customer-1")
ONBOARDING = OnboardingInput(
    **CUSTOMER_REF.model_dump(), actor=CANARY, options=OnboardingOptions(project=ProjectCreate(name=CANARY)), at=AT
)
REFUND = SendAdjustmentInput(org_id="org-1", kind="refund", adjustment_id="refund-1", at=AT)
ADJUSTMENT = CloseInvoiceInput(org_id="org-1", invoice_id="invoice-1", to=InvoiceStatus.VOID, at=AT)
MAIL = NotificationInput(org_id="org-1", invoice_id="invoice-1", occasion=Occasion.BACKFILL, at=AT)
PRICE_CHANGE = PriceChangeRef(org_id="org-1", price_change_id="price-change-1")
NIGHT = NightlyReconciliationInput(scope=ReconciliationScope())
BATCH = BatchInput(org_id="org-1", plan_batch_id="batch-1", phase=BatchStatus.RUNNING)
DRY_RUN = DryRunRef(org_id="org-1", dry_run_id="dry-run-1")
REPAIR = RepairInput(org_id="org-1", reconciliation_run_id="run-1", finding_id="finding-1")
STREAM = DeliveryStream(org_id="org-1", endpoint_id="endpoint-1", customer_id="customer-1")

STARTS: list[tuple[WorkflowStart, tuple[SearchAttributeKey[str], ...]]] = [
    (starts.plan_workflow(PlanInput(state=STATE)), OF_CUSTOMER),
    (starts.collection_workflow(SUMMARY, "customer-1"), OF_INVOICE),
    (starts.adjustment_workflow(REFUND, SUMMARY, "customer-1"), OF_INVOICE),
    (starts.close_invoice_workflow(ADJUSTMENT, SUMMARY, "customer-1"), OF_INVOICE),
    (starts.mail_workflow(MAIL, "customer-1", "plan-1"), OF_INVOICE),
    (starts.onboarding_workflow(ONBOARDING), OF_CUSTOMER),
    (starts.customer_update_workflow(CUSTOMER_REF), OF_CUSTOMER),
    (starts.delivery_workflow(STREAM), OF_CUSTOMER),
    (starts.reconciliation_workflow(ReconciliationInput(org_id="org-1"), AT), (ORG,)),
    (starts.stored_mail_workflow(MailRef(org_id="org-1", mail_id="mail-1"), "customer-1"), OF_CUSTOMER),
    (starts.price_change_workflow(PRICE_CHANGE), (ORG,)),
    (starts.plan_batch_workflow(BATCH), (ORG,)),
    (starts.repair_workflow(REPAIR), (ORG,)),
    (starts.dry_run_workflow(DRY_RUN), (ORG,)),
    (starts.nightly_workflow(NIGHT), ()),
    (starts.retention_workflow(), ()),
    (starts.delivery_sweep_workflow(), ()),
    (starts.seat_pull_workflow(SeatPullInput(org_id="org-1", customer_id="customer-1")), OF_CUSTOMER),
    (starts.seat_sweep_workflow(), ()),
    (starts.notice_sweep_workflow(), ()),
]


@pytest.mark.parametrize(("start", "keys"), STARTS, ids=lambda value: getattr(value, "workflow", ""))
def test_a_workflow_is_found_by_what_it_is_about(
    start: WorkflowStart, keys: tuple[SearchAttributeKey[str], ...]
) -> None:
    shown = start.search_attributes

    assert {key: shown.get(key) for key in VALUES} == {key: VALUES[key] if key in keys else None for key in VALUES}


@pytest.mark.parametrize("start", [start for start, _ in STARTS], ids=lambda start: start.workflow)
def test_nothing_that_is_stored_in_clear_text_is_personal(start: WorkflowStart) -> None:
    clear = [start.workflow_id, start.summary, *(str(pair.value) for pair in start.search_attributes)]

    assert [text for text in clear if CANARY.split(maxsplit=1)[0] in text or "@" in text] == []


def test_every_workflow_type_has_its_start() -> None:
    assert {start.workflow for start, _ in STARTS} == decorated(BILLFLOW, "workflow.defn")


def test_nothing_is_started_without_search_attributes() -> None:
    unfindable = [
        place(path, node)
        for path, node in nodes(BILLFLOW)
        if isinstance(node, ast.Call)
        and (keyword := KEYWORDS.get(called(node)))
        and ast.unparse(node.func) != "external.start_workflow"
        and not {keyword, EVERY_OPTION} & {given.arg for given in node.keywords}
    ]

    assert unfindable == []


def test_nothing_is_noted_in_a_memo_which_is_clear_text() -> None:
    memos = [
        place(path, node)
        for folder in ("temporal", "workflows", "service", "activities")
        for path, node in nodes(BILLFLOW / folder)
        if called(node) == "upsert_memo" or (isinstance(node, ast.keyword) and node.arg == "memo")
    ]

    assert memos == []
