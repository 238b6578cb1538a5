"""Calls about customers."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from billflow.client.calls import Call, ask, get, given, write
from billflow.models.contracts.customer_access import AccessRecord
from billflow.models.contracts.customer_finances import CreditCreate, ReportRecord, UsageRecord
from billflow.models.contracts.customer_responses import (
    ActivatedResponse,
    CreditList,
    CreditResponse,
    DeactivatedResponse,
    ErasureResponse,
    Link,
    OwnSettingsResponse,
    SettingsResponse,
    SuspendedResponse,
    TestCardResponse,
)
from billflow.models.contracts.customer_settings import Json, ResolvedSettings
from billflow.models.contracts.customers import CustomerPricing, CustomerStatus
from billflow.models.contracts.onboarding import OnboardingProgress
from billflow.models.contracts.personal_data import CustomerExport
from billflow.models.contracts.previews import PreviewResponse
from billflow.models.contracts.responses import CustomerList, CustomerResponse
from billflow.models.contracts.statements import StatementRecord

_PATH = "/customers"


def create(name: str, email: str, *, key: str | None = None, **fields: Any) -> Call[CustomerResponse]:
    """Create a customer; *fields* are further ones, such as `default_currency` or `realm`."""
    return write("POST", _PATH, CustomerResponse, {"name": name, "email": email, **fields}, key)


def show(customer_id: str, *, as_of: datetime | None = None) -> Call[CustomerResponse]:
    """Show a customer; *as_of* a moment, as it was known then."""
    return get(f"{_PATH}/{customer_id}", CustomerResponse, as_of=as_of)


def search(  # noqa: PLR0913  (each is one filter)
    *,
    status: CustomerStatus | None = None,
    email: str | None = None,
    erp_customer_number: str | None = None,
    realm: str | None = None,
    remote_realm: str | None = None,
    remote_server: str | None = None,
    q: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[CustomerList]:
    """List customers, the newest first; *q* is a part of the name or e-mail address."""
    wanted = {"status": status, "email": email, "erp_customer_number": erp_customer_number, "q": q}
    runs_on = {"realm": realm, "remote_realm": remote_realm, "remote_server": remote_server}
    return get(_PATH, CustomerList, **wanted, **runs_on, limit=limit, after=after)


def update(customer_id: str, *, key: str | None = None, **changes: Any) -> Call[CustomerResponse]:
    """Change what *changes* name; null takes away what may be missing."""
    return write("PATCH", f"{_PATH}/{customer_id}", CustomerResponse, changes, key)


def delete(customer_id: str, *, key: str | None = None) -> Call[None]:
    """Take a customer out of use; refused with a live plan or an open invoice. What it was billed stays."""
    return write("DELETE", f"{_PATH}/{customer_id}", type(None), None, key)


def suspend(customer_id: str, reason: str | None = None, *, key: str | None = None) -> Call[SuspendedResponse]:
    """Suspend a customer: from now on nothing is charged."""
    return write("POST", f"{_PATH}/{customer_id}/suspend", SuspendedResponse, given(reason=reason), key)


def activate(customer_id: str, reason: str | None = None, *, key: str | None = None) -> Call[ActivatedResponse]:
    """Let a customer back in."""
    return write("POST", f"{_PATH}/{customer_id}/activate", ActivatedResponse, given(reason=reason), key)


def deactivate(customer_id: str, reason: str | None = None, *, key: str | None = None) -> Call[DeactivatedResponse]:
    """Close a customer's account; refused while a plan is live or being bought."""
    return write("POST", f"{_PATH}/{customer_id}/deactivate", DeactivatedResponse, given(reason=reason), key)


def access(customer_id: str) -> Call[AccessRecord]:
    """Show what a customer may do now: effects of a suspension, features, seats left."""
    return get(f"{_PATH}/{customer_id}/access", AccessRecord)


def usage(customer_id: str, *, since: datetime | None = None, until: datetime | None = None) -> Call[UsageRecord]:
    """Show seats by day, licenses, and money by month; of the last year where nothing is named."""
    return get(f"{_PATH}/{customer_id}/usage", UsageRecord, since=since, until=until)


def report(customer_id: str, *, as_of: datetime | None = None) -> Call[ReportRecord]:
    """Show what a customer is worth: lifetime value, what renews per month, what is open, and its plans."""
    return get(f"{_PATH}/{customer_id}/report", ReportRecord, as_of=as_of)


def statement(
    customer_id: str, *, since: datetime | None = None, until: datetime | None = None, as_of: datetime | None = None
) -> Call[StatementRecord]:
    """State a customer's account over `[since, until)`: from its beginning, or all so far, where one is not named."""
    return get(f"{_PATH}/{customer_id}/statement", StatementRecord, since=since, until=until, as_of=as_of)


def statement_pdf(
    customer_id: str, *, since: datetime | None = None, until: datetime | None = None, as_of: datetime | None = None
) -> Call[bytes]:
    """Return the statement of a customer's account as a PDF file in its language."""
    return get(f"{_PATH}/{customer_id}/statement/pdf", bytes, since=since, until=until, as_of=as_of)


def pricing(customer_id: str) -> Call[CustomerPricing]:
    """Show what support agreed with a customer."""
    return get(f"{_PATH}/{customer_id}/pricing", CustomerPricing)


def set_pricing(customer_id: str, agreed: CustomerPricing, *, key: str | None = None) -> Call[CustomerResponse]:
    """Agree on prices with a customer; what is left out goes back to how it was before any agreement."""
    return write("PUT", f"{_PATH}/{customer_id}/pricing", CustomerResponse, agreed, key)


def preview_pricing(customer_id: str, agreed: CustomerPricing) -> Call[PreviewResponse]:
    """Say what agreeing on prices would do to the live plan's price, next invoice and discounts."""
    return ask(f"{_PATH}/{customer_id}/pricing/preview", PreviewResponse, agreed)


def credits_of(
    customer_id: str, *, limit: int = 50, after: str | None = None, as_of: datetime | None = None
) -> Call[CreditList]:
    """Show what is left of a customer's credits, and how it came about."""
    return get(f"{_PATH}/{customer_id}/credits", CreditList, limit=limit, after=after, as_of=as_of)


def grant_credit(customer_id: str, credit: CreditCreate, *, key: str | None = None) -> Call[CreditResponse]:
    """Grant a credit, which the next invoices use up."""
    return write("POST", f"{_PATH}/{customer_id}/credits", CreditResponse, credit, key)


def settings(customer_id: str) -> Call[OwnSettingsResponse]:
    """Show a customer's own settings."""
    return get(f"{_PATH}/{customer_id}/settings", OwnSettingsResponse)


def resolved_settings(customer_id: str) -> Call[ResolvedSettings]:
    """Show the settings that hold, by their dotted paths."""
    return get(f"{_PATH}/{customer_id}/settings", ResolvedSettings, resolved=True)


def update_settings(customer_id: str, changes: Json, *, key: str | None = None) -> Call[SettingsResponse]:
    """Merge into a customer's settings: objects are merged, None takes a key away, anything else is replaced."""
    return write("PUT", f"{_PATH}/{customer_id}/settings", SettingsResponse, changes, key)


def remove_setting(customer_id: str, name: str, *, key: str | None = None) -> Call[SettingsResponse]:
    """Take one setting away, named by its dotted path."""
    return write("DELETE", f"{_PATH}/{customer_id}/settings/{quote(name, safe='')}", SettingsResponse, None, key)


def onboard(
    customer_id: str, *, key: str | None = None, project: Json | None = None, plan: Json | None = None, **fields: Any
) -> Call[OnboardingProgress]:
    """Begin to take a customer in: its Stripe customer, a first *project*, and the *plan* that is wished for."""
    body = given(project=project, plan=plan, **fields)
    return write("POST", f"{_PATH}/{customer_id}/onboard", OnboardingProgress, body, key)


def onboarding(customer_id: str) -> Call[OnboardingProgress]:
    """Show how far an onboarding has come, part by part."""
    return get(f"{_PATH}/{customer_id}/onboard", OnboardingProgress)


def card_link(customer_id: str, return_url: str, *, key: str | None = None) -> Call[Link]:
    """Make a page where the customer enters a card, which then pays everything that is open."""
    return write("POST", f"{_PATH}/{customer_id}/card-link", Link, {"return_url": return_url}, key)


def portal_link(customer_id: str, return_url: str, *, key: str | None = None) -> Call[Link]:
    """Make a page where the customer sees its invoices and changes its card."""
    return write("POST", f"{_PATH}/{customer_id}/portal-link", Link, {"return_url": return_url}, key)


def give_test_card(
    customer_id: str, test_card: str = "pm_card_visa", *, key: str | None = None
) -> Call[TestCardResponse]:
    """Put one of Stripe's test cards on file, as if the customer had entered it; in test mode only."""
    return write("POST", f"{_PATH}/{customer_id}/test-card", TestCardResponse, {"test_card": test_card}, key)


def export(customer_id: str) -> Call[CustomerExport]:
    """Return everything that is kept of a customer, by kind; the export itself is audited."""
    return get(f"{_PATH}/{customer_id}/export", CustomerExport)


def erase(customer_id: str, *, key: str | None = None) -> Call[ErasureResponse]:
    """Replace names, e-mails and addresses, here and at Stripe; refused while something is still to be paid."""
    return write("POST", f"{_PATH}/{customer_id}/erase", ErasureResponse, None, key)
