"""The lines of pages that are not typed as they stand: why, and what runs instead."""

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """Lines of a page that a pattern matches, why nobody types them here, and the test that covers them otherwise."""

    page: str
    pattern: str
    why: str
    test: str


OWN = "a test of its own types the page line by line, and looks at the amounts"
ENDLESS = "what serves until ctrl-C is the stack that all pages are typed at"
INSTALLS = "the package index has none of this version"
LONG = "takes minutes; its parts run by themselves"
BENCH = "measures for minutes, and fewer than are named give no figures; whether it begins is looked at"
CLUSTER = "needs a cluster of Kubernetes; the real helm renders it with the same values"
RELEASES = "needs two releases whose workers run"
PAID_ALREADY = "a good card that is entered pays what is open before anybody else can"
ACCOUNT = "reads all of an account at Stripe; that of the stack is shared by all pages"
NETWORK = "asks servers of others"
TOOLS = "installs what is no part of `make setup` and runs for an hour; what reads its results is run on some"

ELSEWHERE: tuple[Elsewhere, ...] = (
    Elsewhere("README.md", r"^make demo", LONG, "tests/deployment/test_distributions.py"),
    Elsewhere("README.md", r"^make test", "is this run", "tests/runner/test_output.py"),
    Elsewhere("README.md", r"^make dev", ENDLESS, "tests/cli/conftest.py"),
    Elsewhere("README.md", r"^billflow", OWN, "tests/cli/test_readme.py"),
    Elsewhere("docs/capacity.md", r"bench/", BENCH, "tests/docs/test_measuring.py"),
    Elsewhere("docs/client.md", r"^pip wheel", INSTALLS, "tests/deployment/test_client_alone.py"),
    Elsewhere("docs/dry-run.md", r"--wheel", "there is no later release", "tests/dry_run/test_run.py"),
    Elsewhere("docs/dunning.md", r"^billflow invoice pay", PAID_ALREADY, "tests/api/test_adjustments.py"),
    Elsewhere(
        "docs/parallel-run.md", r"^billflow parallel-run take", ACCOUNT, "tests/imports/test_parallel_run_commands.py"
    ),
    Elsewhere("docs/importing.md", r"^billflow import stripe", ACCOUNT, "tests/imports/test_stripe.py"),
    Elsewhere("docs/importing.md", r"^billflow demo --story", LONG, "tests/demo/test_migration.py"),
    Elsewhere("docs/kubernetes.md", r"^(kubectl|helm) ", CLUSTER, "tests/docs/test_kubernetes.py"),
    Elsewhere("docs/performance.md", r"^make demo", LONG, "tests/deployment/test_distributions.py"),
    Elsewhere("docs/performance.md", r"^make chaos", LONG, "tests/chaos/payments/test_payments.py"),
    Elsewhere("docs/performance.md", r"bench/(?!domain|cli)", BENCH, "tests/docs/test_measuring.py"),
    Elsewhere("docs/performance.md", r"^make test-all", "are run by CI", "tests/workflows/test_history_size.py"),
    Elsewhere("docs/proof.md", r"^pip install", INSTALLS, "tests/deployment/test_distributions.py"),
    Elsewhere("docs/releasing.md", r"^make release", LONG, "tests/deployment/test_distributions.py"),
    Elsewhere("docs/runbook.md", r"^billflow deploy rollback", RELEASES, "tests/versions/test_deploying.py"),
    Elsewhere("docs/security.md", r"pip-audit|imagetools", NETWORK, "tests/deployment/test_compose.py"),
    Elsewhere("docs/temporal-cloud.md", r"^tcld ", "needs Temporal Cloud", "tests/docs/test_shown.py"),
    Elsewhere("docs/testing.md", r"^make test", "is this run", "tests/runner/test_output.py"),
    Elsewhere("docs/testing.md", r"under_load", LONG, "tests/test_under_load.py"),
    Elsewhere("docs/testing.md", r"^python scripts/run_tests.py", "is what runs this", "tests/runner/test_output.py"),
    Elsewhere("docs/testing.md", r"mutmut|mutants|coverage", TOOLS, "tests/docs/test_measuring.py"),
    Elsewhere("docs/tutorial.md", r"^pip install", INSTALLS, "tests/deployment/test_installing.py"),
    Elsewhere("docs/tutorial.md", r"^billflow dev", ENDLESS, "tests/cli/conftest.py"),
    Elsewhere("docs/tutorial.md", r"^billflow (?!dev)", OWN, "tests/cli/test_tutorial.py"),
    Elsewhere("examples/own-product/README.md", r"^make demo", LONG, "tests/demo/test_own_product.py"),
    Elsewhere("examples/own-product/README.md", r"^make dev", ENDLESS, "tests/cli/conftest.py"),
    Elsewhere("examples/own-product/README.md", r"^(?!make)", OWN, "tests/cli/test_own_product.py"),
    Elsewhere("packages/emulator/README.md", r"^pip install", INSTALLS, "tests/deployment/test_distributions.py"),
    Elsewhere("packages/verify/README.md", r"^pip install", INSTALLS, "tests/deployment/test_distributions.py"),
)
