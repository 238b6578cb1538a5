"""Cases about people: how many seats they are, and how many licenses may be bought."""

from billflow.conformance.facts import customer_of
from billflow.conformance.given import Answer, Given, MalformedCase
from billflow.conformance.reference import catalog_for
from billflow.domain.catalog import Hosting
from billflow.domain.customer import minimum_licenses
from billflow.domain.errors import NotEnoughLicenses, TooManyLicenses
from billflow.domain.plan import CollectionMethod
from billflow.domain.seats import LicenseCheck
from billflow.domain.seats import seat_count as count_seats


def seat_count(given: Given) -> Answer:
    """Answer the billable seats."""
    hosting = given.named(Hosting, "hosting")
    return {"seats": count_seats(hosting, given.whole("non_guests"), given.whole("guests"))}


def license_validation(given: Given) -> Answer:
    """Answer whether a number of licenses may be bought, or the fewest a tier allows."""
    match given.text("op"):
        case "validate":
            return _validate(given)
        case "plan_minimum":
            return _plan_minimum(given)
        case other:
            raise MalformedCase(f"given.op must be validate or plan_minimum, not {other!r}.", field="op")


def _validate(given: Given) -> Answer:
    by_invoice = given.named(CollectionMethod, "billing_modality") is CollectionMethod.SEND_INVOICE
    check = LicenseCheck(
        seats=given.whole("current_billable_users"),
        minimum=given.whole("minimum_licenses"),
        exempt=given.flag("license_check_exempt", default=False),
        invoiced_limits=by_invoice and given.flag("enforce_invoiced_limits", default=False),
    )
    try:
        check.check(given.maybe_whole("licenses"))
    except NotEnoughLicenses as refusal:
        return {"valid": False, "error": refusal.code, "minimum": refusal.minimum}
    except TooManyLicenses as refusal:
        return {"valid": False, "error": refusal.code, "maximum": refusal.maximum}
    return {"valid": True}


def _plan_minimum(given: Given) -> Answer:
    tier = catalog_for(given).tier(given.text("tier"))
    customer = given.maybe_part("customer")
    by_invoice = given.flag("trial_by_invoice", "invoice_billed_free_trial", default=False)
    known = customer_of(customer, tier.hosting) if customer else None
    return {"minimum": minimum_licenses(tier, known, trial_by_invoice=by_invoice)}
