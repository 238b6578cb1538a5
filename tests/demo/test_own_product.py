"""A product of one's own: the customers of an example live through its years, and every account agrees."""

import json
from datetime import UTC, datetime

import pytest

from billflow.demo.run import DemoOptions, run_demo
from tests.sizes import sized

NAME = "own-product"
FIRST_MONTHS = datetime(2023, 7, 1, tzinfo=UTC)


def test_three_years_of_an_invented_product_in_two_currencies_come_out_without_a_difference(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`make test-all` lives through all of it, `make test` through the first months of who has begun by then."""
    until = sized(FIRST_MONTHS, None, None)

    code = run_demo(DemoOptions(example=NAME, until=until, as_json=True))

    told = json.loads(capsys.readouterr().out)
    customers = {one["name"]: one for one in told["customers"]}
    assert (code, told["differences"]) == (0, 0), [one["differences"] for one in told["customers"]]
    assert {one["currency"] for one in told["customers"]} == {"EUR", "USD"}
    assert customers["Atelier Lefèvre"]["refunded"] == 1500
    assert all(one["invoices"] for one in told["customers"])
    if until is None:
        assert len(customers) == 10
