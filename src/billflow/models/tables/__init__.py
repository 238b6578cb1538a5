"""The tables of the records, by noun; only `store` and the migrations' tests know them."""

from billflow.models.tables.access import ApiKey, IdempotencyKey
from billflow.models.tables.adjustments import (
    AdjustmentResultRow,
    CreditNoteLineRow,
    CreditNoteRow,
    DisputeRow,
    DunningPolicyRow,
    RefundRow,
)
from billflow.models.tables.base import Base
from billflow.models.tables.billing_account import BillingAccountRow, ChannelRow, ProjectRow
from billflow.models.tables.catalog import CatalogVersionRow, PriceChangeRow
from billflow.models.tables.console import ConsoleSessionRow
from billflow.models.tables.coupons import CouponRedemptionRow, CouponRow
from billflow.models.tables.customer import CustomerContact, CustomerRow, CustomerSearchTerm
from billflow.models.tables.deployment import Realm, RemoteRealm, RemoteServer
from billflow.models.tables.imports import ImportedObjectRow, OpeningInvoiceLineRow, OpeningInvoiceRow
from billflow.models.tables.invoice import CreditPosting, CreditRow, InvoiceLineRow, InvoiceRow, PaymentAttempt
from billflow.models.tables.items import PlanItem
from billflow.models.tables.journal import (
    AuditLog,
    ForeignStripeEventRow,
    OutboxEvent,
    StepRow,
    TestClock,
    WebhookEvent,
)
from billflow.models.tables.ledger import LedgerAllocation, LicenseLedger, SeatRow
from billflow.models.tables.mail import MailRow
from billflow.models.tables.notices import PlanNotice
from billflow.models.tables.onboarding import Onboarding
from billflow.models.tables.org import Org
from billflow.models.tables.parallel_runs import ComputedInvoiceLineRow, ComputedInvoiceRow
from billflow.models.tables.plan import CustomerPlan, CustomerPlanOffer
from billflow.models.tables.plan_batches import PlanBatchItemRow, PlanBatchRow
from billflow.models.tables.portal import PortalLinkRow
from billflow.models.tables.reconciliation import (
    ReconciliationFinding,
    ReconciliationRunRow,
    ReconciliationStripeCustomer,
    ReconciliationStripeInvoice,
)
from billflow.models.tables.replacements import ReplacedStripeCustomer, ReplacedStripeInvoice
from billflow.models.tables.seats import SeatMemberRow, SeatPullRow, SeatSourceRow
from billflow.models.tables.seller import InvoiceSeriesRow, SellerVersionRow
from billflow.models.tables.sponsorship import SponsorshipRequest
from billflow.models.tables.tax import TaxVersionRow
from billflow.models.tables.versions import RowVersion
from billflow.models.tables.webhooks import (
    AuditArchiveRow,
    AuditChain,
    AuditRootRow,
    CustomerKey,
    EventDelivery,
    OutboxPending,
    WebhookEndpoint,
    WebhookMessage,
)
