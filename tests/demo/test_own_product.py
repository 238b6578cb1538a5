"""A product of one's own: the customers of an example live through its years, and every account agrees."""

import json
from datetime import UTC, datetime

import pytest

from billflow.demo.run import DemoOptions, run_demo
from tests.sizes import sized

THREE_YEARS = DemoOptions(example="own-product", as_json=True)
HALF_A_YEAR = DemoOptions(example="own-product", as_json=True, only=3, until=datetime(2023, 7, 1, tzinfo=UTC))


def test_three_years_of_an_invented_product_come_out_without_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """`make test-all` lives through all of it, `make test` through the first months of three customers."""
    options = sized(HALF_A_YEAR, THREE_YEARS, THREE_YEARS)

    code = run_demo(options)

    told = json.loads(capsys.readouterr().out)
    customers = {one["name"]: one for one in told["customers"]}
    assert (code, told["differences"]) == (0, 0), [one["differences"] for one in told["customers"]]
    assert all(one["invoices"] and one["open"] == 0 for one in told["customers"])
    assert customers["Atelier Lefèvre"]["refunded"] == 1500
    if options is THREE_YEARS:
        assert len(customers) == 10
        assert {one["currency"] for one in told["customers"]} == {"EUR", "USD"}
        assert sum(one["cycles"] for one in told["customers"]) > 150
