"""What each command prints with `--json`: the answer of the API that it is, by its name in the OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.interfaces import schemas

RESPONSES: Mapping[str, str] = {
    "audit list": "AuditEntryList",
    "batch cancel": "PlanBatchResponse",
    "batch confirm": "PlanBatchResponse",
    "batch items": "PlanBatchItemList",
    "batch list": "PlanBatchList",
    "batch show": "PlanBatchResponse",
    "business movements": "MovementList",
    "business renewals": "RenewalList",
    "business report": "BusinessReport",
    "catalog price-changes": "PriceChangeList",
    "catalog show": "CatalogResponse",
    "catalog versions": "CatalogVersionList",
    "catalog withdraw-price-change": "PriceChangeResponse",
    "clock advance": "TestClockResponse",
    "clock create": "TestClockResponse",
    "clock show": "TestClockResponse",
    "coupon archive": "CouponResponse",
    "coupon attach": "RedemptionResponse",
    "coupon create": "CouponResponse",
    "coupon detach": "RedemptionResponse",
    "coupon list": "CouponList",
    "coupon of": "RedemptionList",
    "coupon preview": "PreviewResponse",
    "coupon show": "CouponResponse",
    "credit-note show": "CreditNoteResponse",
    "customer access": "AccessRecord",
    "customer activate": "CustomerResponse",
    "customer approve-sponsorship": "SponsorshipResponse",
    "customer billing-accounts": "BillingAccountList",
    "customer card": "TestCardResponse",
    "customer card-link": "Link",
    "customer contacts": "ContactList",
    "customer create": "CustomerResponse",
    "customer credit": "CreditResponse",
    "customer deactivate": "CustomerResponse",
    "customer decline-sponsorship": "SponsorshipResponse",
    "customer erase": "ErasureResponse",
    "customer list": "CustomerList",
    "customer onboard": "OnboardingProgress",
    "customer portal-link": "CreatedPortalLinkResponse",
    "customer portal-links": "PortalLinkList",
    "customer projects": "ProjectList",
    "customer report": "ReportRecord",
    "customer request-sponsorship": "SponsorshipResponse",
    "customer settings": "ResolvedSettings",
    "customer show": "CustomerResponse",
    "customer sponsorships": "SponsorshipList",
    "customer statement": "StatementRecord",
    "customer stripe-portal-link": "Link",
    "customer suspend": "CustomerResponse",
    "customer update": "CustomerResponse",
    "customer usage": "UsageRecord",
    "cutover": "PlanBatchResponse",
    "cutover cancel": "PlanBatchResponse",
    "dunning set": "DunningResponse",
    "dunning show": "DunningResponse",
    "endpoint create": "CreatedEndpointResponse",
    "endpoint deliveries": "DeliveryList",
    "endpoint disable": "EndpointResponse",
    "endpoint enable": "EndpointResponse",
    "endpoint list": "EndpointList",
    "endpoint replay": "ReplayResponse",
    "endpoint rotate": "CreatedEndpointResponse",
    "events": "EventList",
    "invoice credit-note": "CreditNoteResponse",
    "invoice explain": "InvoiceExplanation",
    "invoice list": "InvoiceList",
    "invoice mark-paid": "InvoiceDetailResponse",
    "invoice mark-uncollectible": "InvoiceDetailResponse",
    "invoice pay": "PaymentAttemptResponse",
    "invoice refund": "RefundResponse",
    "invoice show": "InvoiceDetailResponse",
    "invoice void": "InvoiceDetailResponse",
    "mail list": "MailList",
    "mail show": "MailResponse",
    "notices set": "NoticeSettings",
    "notices show": "NoticeSettings",
    "offer accept": "PlanStartResponse",
    "offer create": "CreatedOfferResponse",
    "offer list": "OfferList",
    "offer withdraw": "OfferResponse",
    "parallel-run differences": "DifferenceList",
    "parallel-run report": "ParallelRunReport",
    "parallel-run status": "ParallelPlanList",
    "plan add-ons": "AddOnList",
    "plan batch": "PlanBatchResponse",
    "plan command": "CommandResponse",
    "plan forecast": "ForecastResponse",
    "plan items": "ItemList",
    "plan ledger": "LedgerList",
    "plan list": "PlanList",
    "plan preview": "PreviewResponse",
    "plan show": "PlanResponse",
    "plan signal": "SignalResponse",
    "plan start": "PlanStartResponse",
    "plan timeline": "TimelineList",
    "reconciliation findings": "FindingList",
    "reconciliation list": "ReconciliationRunList",
    "reconciliation repair": "FindingResponse",
    "reconciliation show": "ReconciliationRunResponse",
    "reconciliation start": "ReconciliationRunResponse",
    "refund show": "RefundResponse",
    "seats can-add": "SeatGateRecord",
    "seats check": "SeatPullResponse",
    "seats members": "SeatMemberList",
    "seats pull": "SeatPullResponse",
    "seats report": "SeatReportResponse",
    **dict.fromkeys(
        [f"seats source set {kind}" for kind in ("push", "http", "sql", "file")], "CreatedSeatSourceResponse"
    ),
    "seats source show": "SeatSourceList",
    "seller apply": "SellerResponse",
    "seller remove-logo": "SellerResponse",
    "portal set": "PortalSettings",
    "portal show": "PortalSettings",
    "seller show": "SellerResponse",
    "tax apply": "TaxResponse",
    "tax diff": "TaxDiff",
    "tax show": "TaxResponse",
}

OF_THE_COMMAND_LINE = {
    "audit roots": "an auditor's",
    "audit sign": "an operator's",
    "audit signing-keys": "an auditor's",
    "audit verify": "an auditor's, with the files of the archive",
    "catalog apply": "what it sells, and with --reprice whom that reaches",
    "catalog check": "a file's, before there is a server",
    "catalog diff": "what it changes, and with --reprice whom that reaches",
    "console login-link": "how the console is opened",
    "conformance": "a file's, before there is a server",
    "demo": "the demo's own",
    "deploy promote": "an operator's",
    "deploy rollback": "an operator's",
    "deploy status": "an operator's",
    "dry-run": "an operator's",
    "foreign-events": "an operator's",
    "import csv": "a report of what became of each row",
    "import json": "a report of what became of each row",
    "import stripe": "a report of what became of each row",
    "parallel-run take": "a report of what became of each row",
    "invoice reissue": "the new invoice, or with --preview what would be",
    "keys create-signing": "an operator's",
    "journal": "a file's, and the sums of its accounts",
    "keys create": "how the API is opened",
    "keys list": "how the API is opened",
    "keys revoke": "how the API is opened",
    "keys rotate": "how the API is opened",
    "keys rotate-encryption": "an operator's",
    "profile list": "this computer's",
    "prune": "an operator's",
    "queues set": "an operator's",
    "queues show": "an operator's",
    "reconcile": "an operator's",
    "recover": "an operator's",
    "replay": "an operator's",
    "seats import": "a file's, of many customers",
    "seats source remove": "the API answers nothing",
    "seller check": "a file's, before there is a server",
    "settings": "of this process",
    "tax check": "a file's, before there is a server",
}
"""Commands with `--json` that the API has no answer for, and why."""


BY_OPTION = {("customer portal-link", "--mail"): "MailResponse"}
"""What a command answers where an option makes it another one."""


def command_of(words: tuple[str, ...]) -> str | None:
    """Return which command of either table was typed."""
    known = (" ".join(words[:count]) for count in (4, 3, 2, 1))
    return next((name for name in known if name in RESPONSES or name in OF_THE_COMMAND_LINE), None)


def differences(words: tuple[str, ...], data: Any) -> list[str]:
    """Return the fields that a command's JSON has more or fewer than the API's answer."""
    name = command_of(words)
    assert name, f"{words}: say in tests/cli/responses.py which answer of the API it is"
    answered = next((BY_OPTION[name, word] for word in words if (name, word) in BY_OPTION), RESPONSES.get(name))
    return list(_differences(schemas()[answered], data, name)) if answered else []


def _differences(schema: Mapping[str, Any], data: Any, place: str) -> Iterator[str]:
    schema = schemas()[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(data, list):
        for held in data[:3]:
            yield from _differences(schema.get("items", {}), held, f"{place}[]")
    elif isinstance(data, dict):
        of_objects = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
        if len(of_objects) != 1 or "$ref" in of_objects[0]:
            yield from _differences(of_objects[0], data, place) if len(of_objects) == 1 else ()
        elif properties := of_objects[0].get("properties"):
            yield from (f"{place}.{field}" for field in properties.keys() ^ data.keys())
            for field in properties.keys() & data.keys():
                yield from _differences(properties[field], data[field], f"{place}.{field}")
