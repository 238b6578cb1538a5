"""The tables of the books, by noun; only `store` and the migrations' tests know them."""

from billflow.models.tables.account import BillingAccount, Channel, Project
from billflow.models.tables.base import Base
from billflow.models.tables.caller import ApiKey, IdempotencyKey
from billflow.models.tables.customer import Customer, CustomerContact
from billflow.models.tables.deployment import Realm, RemoteRealm, RemoteServer
from billflow.models.tables.invoice import Credit, CreditPosting, Invoice, InvoiceLine, PaymentAttempt
from billflow.models.tables.ledger import LedgerSettlement, LicenseLedger, SeatRow
from billflow.models.tables.mail import MailRow
from billflow.models.tables.onboarding import Onboarding
from billflow.models.tables.org import Org
from billflow.models.tables.outward import (
    AuditChain,
    CustomerKey,
    EventDelivery,
    OutboxPending,
    WebhookEndpoint,
    WebhookMessage,
)
from billflow.models.tables.plan import CustomerPlan, CustomerPlanOffer
from billflow.models.tables.reconciliation import ReconciliationFinding, ReconciliationHeld, ReconciliationRun
from billflow.models.tables.record import AuditLog, OutboxEvent, Step, TestClock, WebhookEvent
from billflow.models.tables.settling import (
    CreditNote,
    CreditNoteLine,
    Dispute,
    DunningPolicyRow,
    Refund,
    SettlementAnswer,
)
from billflow.models.tables.sponsorship import SponsorshipRequest

__all__ = [
    "ApiKey",
    "AuditChain",
    "AuditLog",
    "Base",
    "BillingAccount",
    "Channel",
    "Credit",
    "CreditNote",
    "CreditNoteLine",
    "CreditPosting",
    "Customer",
    "CustomerContact",
    "CustomerKey",
    "CustomerPlan",
    "CustomerPlanOffer",
    "Dispute",
    "DunningPolicyRow",
    "EventDelivery",
    "IdempotencyKey",
    "Invoice",
    "InvoiceLine",
    "LedgerSettlement",
    "LicenseLedger",
    "MailRow",
    "Onboarding",
    "Org",
    "OutboxEvent",
    "OutboxPending",
    "PaymentAttempt",
    "Project",
    "Realm",
    "ReconciliationFinding",
    "ReconciliationHeld",
    "ReconciliationRun",
    "Refund",
    "RemoteRealm",
    "RemoteServer",
    "SeatRow",
    "SettlementAnswer",
    "SponsorshipRequest",
    "Step",
    "TestClock",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookMessage",
]
