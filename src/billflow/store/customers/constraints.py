"""What a broken constraint of a customer's tables means to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy.exc import IntegrityError

from billflow.domain.errors import NotFound, Refused

_EMAIL = partial(Refused, code="email_taken", field="email")
_ERP_NUMBER = partial(Refused, code="erp_customer_number_taken", field="erp_customer_number")
_PENDING = partial(Refused, code="sponsorship_pending", field="status")
_SLUG = partial(Refused, code="slug_taken", field="slug")
_NAME = partial(Refused, code="name_taken", field="name")
_DEPLOYMENT = partial(Refused, code="deployment_taken", field="deployment")
_STRIPE_CUSTOMER = partial(Refused, code="stripe_customer_taken", field="stripe_customer_id")
_REFUSALS = {
    "uq_customer_email": (_EMAIL, "Another customer has that e-mail address"),
    "uq_customer_erp_customer_number": (_ERP_NUMBER, "Another customer has that ERP number"),
    "uq_customer_contact_customer_id_email_key": (_EMAIL, "Another contact of the customer has that e-mail address"),
    "uq_sponsorship_request_pending": (_PENDING, "Another request of the customer waits for a decision"),
    "uq_project_customer_id_slug": (_SLUG, "Another project of the customer has that slug"),
    "uq_channel_project_id_name": (_NAME, "Another channel of the project has that name"),
    "uq_billing_account_stripe_customer_id": (_STRIPE_CUSTOMER, "Another billing account is that customer at Stripe"),
    "uq_realm_org_id_string_id": (_DEPLOYMENT, "Another customer has that realm"),
    "uq_remote_realm_org_id_uuid": (_DEPLOYMENT, "Another customer has that remote realm"),
    "uq_remote_server_org_id_uuid": (_DEPLOYMENT, "Another customer has that server"),
}
_NO_ORG = ("fk_realm_org_id", "fk_remote_realm_org_id", "fk_remote_server_org_id")


@contextmanager
def refused_duplicates() -> Iterator[None]:
    """Raise `Refused` where what must be unique belongs to another, and `NotFound` where the organization is missing.

    A transaction is inside, since some constraints are checked at its end.
    """
    try:
        yield
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        if constraint in _NO_ORG:
            raise NotFound("There is no such organization; create it first.") from error
        if constraint not in _REFUSALS:
            raise
        refused, message = _REFUSALS[constraint]
        way_out = "decide that one first" if refused is _PENDING else "name another"
        raise refused(f"{message}; {way_out}.") from error
