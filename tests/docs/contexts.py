"""What is there before the first line of a page is typed: customers, files, and what the page's words stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NEXT_YEAR = str((datetime.now(UTC) + timedelta(days=31)).year + 1)
"""What a page's next year stands for, whenever it is read: a notice of 30 days ends before it."""

SELL_EXAMPLE = ("billflow catalog apply src/billflow/catalogs/cloud_and_self_hosted.toml",)
SELL_OWN = ("billflow catalog init", "billflow catalog apply catalog.toml")
ACME = ("billflow customer create Acme billing@acme.example", "billflow customer card acme")
A_PLAN = (
    *(*SELL_EXAMPLE, *ACME, "billflow seats report acme --members 12 --guests 3"),
    "billflow plan start acme --tier cloud_standard --schedule monthly",
)
AN_OPEN_INVOICE = (
    "billflow customer card acme --test-card pm_card_chargeCustomerFail",
    "billflow plan command PLAN add-item --description Training --unit-amount 5000 --own-invoice",
    "billflow invoice list --status open",
)
SEATS_CSV = "organization,observed_on,members,guests\nAcme,2026-01-30,12,3\n"
COUNTED = (
    "printf 'deployment_id,members,guests\\n%s,12,3\\n' DEPLOYMENT > counted.csv",
    "billflow seats source set file --target FOLDER/counted.csv",
)
KEY, SIGNING_KEY = "bf_test_…", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
HERE = {"http://127.0.0.1:8000": "URL", "https://billing.example.com": "URL", KEY: "KEY"}
A_PROOF = ("billflow audit signing-keys", "billflow audit sign --now", "billflow invoice list")


@dataclass(frozen=True)
class Context:
    """What a page takes for granted.

    `before` are lines that are typed first, and `just_before` those before a line that begins in this way; a list among
    them is typed again until it has something. `words` are what words of the page stand for: other words, or texts;
    `files` lie in the folder. `stays` are commands that serve until ctrl-C, with what they say once they are ready, and
    `asked` what a command asks for. Who is `alone` has no stack at hand; what `measures` ends with 1 where a goal is
    missed, which is no fault of the page.
    """

    before: tuple[str, ...] = ()
    just_before: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    stays: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
    measures: bool = False


CONTEXTS: dict[str, Context] = {
    "docs/as-of.md": Context(
        A_PLAN, words={"5f1c": "CUSTOMER", "0192f3": "PLAN", "2027-01-31T12:00:00Z": "NOW", "2027-01-31": "NOW"}
    ),
    "docs/backup.md": Context(
        A_PLAN,
        {
            "pg_restore": (
                'psql --quiet --command "CREATE DATABASE restored" "$DATABASE_OWNER_URL"',
                "temporal operator namespace create --namespace restored",
                "export DATABASE_URL=RESTORED_URL DATABASE_OWNER_URL=RESTORED_OWNER_URL TEMPORAL_NAMESPACE=restored",
            )
        },
        stays={"billflow worker": "Taking work"},
    ),
    "docs/catalog.md": Context(
        ACME,
        {"billflow catalog diff catalog.toml --reprice": ("sed -i 's/monthly = 900/monthly = 1000/' catalog.toml",)},
        words={"2027": NEXT_YEAR},
    ),
    "docs/discounts.md": Context((*SELL_OWN, *ACME), words={"2027": NEXT_YEAR}),
    "docs/documents.md": Context(A_PLAN, words={"5f1c": "CUSTOMER"}),
    "docs/dry-run.md": Context(
        (*SELL_OWN, *ACME, "billflow plan start acme --tier team --schedule monthly", "billflow seller init",
         "billflow seller apply seller.toml", "billflow tax init"),
        words={"2027": NEXT_YEAR},
    ),
    "docs/dunning.md": Context(
        A_PLAN,
        {
            "billflow invoice mark-paid": AN_OPEN_INVOICE,
            "billflow invoice void": AN_OPEN_INVOICE,
            "billflow invoice mark-uncollectible": AN_OPEN_INVOICE,
        },
    ),
    "docs/parallel-run.md": Context(SELL_EXAMPLE),
    "docs/importing.md": Context(SELL_EXAMPLE, files={"seats.csv": SEATS_CSV}),
    "docs/monitoring.md": Context(stays={"billflow worker": "Taking work"}),
    "docs/performance.md": Context(
        words={
            "python bench/domain.py": "python bench/domain.py --seconds 0.01",
            "python bench/cli.py": "python bench/cli.py --runs 1",
        },
        alone=True,
        measures=True,
    ),
    "docs/portal.md": Context(A_PLAN),
    "docs/production.md": Context(words=HERE, asked={"login": "KEY"}),
    "docs/proof.md": Context(
        A_PLAN, {"billflow invoice proof": A_PROOF}, words={"8a30": "INVOICE", SIGNING_KEY: "SIGNING_KEY"}
    ),
    "docs/runbook.md": Context(
        (*A_PLAN, *COUNTED, "billflow endpoint create https://example.com/events", "billflow reconcile",
         "billflow invoice list", "billflow invoice refund INVOICE --amount 100 --json"),
        words={"localhost:8001": "OPERATIONS"},
    ),
    "docs/seat-sources.md": Context((*A_PLAN, *COUNTED), files={"seats.sql": "SELECT 1\n"}),
    "docs/tax.md": Context((*A_PLAN, "billflow seller init", "billflow seller apply seller.toml")),
    "docs/temporal-cloud.md": Context(
        A_PLAN, words={"https://billing.acme.example/codec": "URL/codec", "bf_live_...": "OPERATORS_KEY"}
    ),
    "packages/emulator/README.md": Context(words={"12111": "PORT"}, stays={"stripe-emulator": "listening on"}),
    "packages/verify/README.md": Context(
        (*A_PLAN, *A_PROOF, "billflow invoice proof INVOICE -o proof.json"), words={SIGNING_KEY: "SIGNING_KEY"}
    ),
}  # fmt: skip
