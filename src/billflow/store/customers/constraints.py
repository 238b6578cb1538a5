"""What a broken constraint of a customer's tables means to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy.exc import IntegrityError

from billflow.domain.errors import NotFound, Refused

_REFUSALS = {
    "uq_customer_email": partial(
        Refused, "Another customer has that e-mail address; name another.", code="email_taken", field="email"
    ),
    "uq_customer_erp_customer_number": partial(
        Refused,
        "Another customer has that ERP number; name another.",
        code="erp_customer_number_taken",
        field="erp_customer_number",
    ),
    "uq_customer_contact_customer_id_email_key": partial(
        Refused,
        "Another contact of the customer has that e-mail address; name another.",
        code="email_taken",
        field="email",
    ),
    "uq_sponsorship_request_pending": partial(
        Refused,
        "Another request of the customer waits for a decision; decide that one first.",
        code="sponsorship_pending",
        field="status",
    ),
    "uq_project_customer_id_slug": partial(
        Refused, "Another project of the customer has that slug; name another.", code="slug_taken", field="slug"
    ),
    "uq_channel_project_id_name": partial(
        Refused, "Another channel of the project has that name; name another.", code="name_taken", field="name"
    ),
    "uq_realm_org_id_string_id": partial(
        Refused, "Another customer has that realm; name another.", code="deployment_taken", field="deployment"
    ),
    "uq_remote_realm_org_id_uuid": partial(
        Refused, "Another customer has that remote realm; name another.", code="deployment_taken", field="deployment"
    ),
    "uq_remote_server_org_id_uuid": partial(
        Refused, "Another customer has that server; name another.", code="deployment_taken", field="deployment"
    ),
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
        raise _REFUSALS[constraint]() from error  # noqa: RSE102  (a partial, not a class)
