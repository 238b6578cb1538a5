"""A product of one's own: the customers of an example live through its years, and every account agrees."""

import json

import pytest

from billflow.demo.run import DemoOptions, run_demo


@pytest.mark.full
def test_three_years_of_an_invented_product_come_out_without_a_difference(capsys: pytest.CaptureFixture[str]) -> None:
    code = run_demo(DemoOptions(example="own-product", as_json=True))

    told = json.loads(capsys.readouterr().out)
    customers = {one["name"]: one for one in told["customers"]}
    assert (code, told["differences"]) == (0, 0), [one["differences"] for one in told["customers"]]
    assert all(one["invoices"] and one["open"] == 0 for one in told["customers"])
    assert customers["Atelier Lefèvre"]["refunded"] == 1500
    assert len(customers) == 10
    assert {one["currency"] for one in told["customers"]} == {"EUR", "USD"}
    assert sum(one["cycles"] for one in told["customers"]) > 150
