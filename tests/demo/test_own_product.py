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
    taxed = {name: [rate_of(name, one["day"]) for one in row["taxed"]] for name, row in customers.items()}
    assert len({rate for rates in taxed.values() for rate in rates}) > 5
    for name, rates in taxed.items():
        for rate, one in zip(rates, customers[name]["taxed"], strict=True):
            tax = (2 * one["net"] * rate + 1000) // 2000
            assert (one["tax"], one["total"]) == (tax, max(one["net"] + tax, 0)), (name, one)


RATES = {
    "Bäckerei Öztürk & Söhne": 190,
    "Atelier Lefèvre": 200,
    "Kowalska Księgowość": 230,
    "Мастерская Восход": 200,
}
"""What private customers pay in their countries, in thousandths; others, and businesses in the Union, none."""


def rate_of(name: str, day: str) -> int:
    """Return the rate of an invoice of that day, in thousandths."""
    if name == "Harbour Street Accountants":
        return 77 if day < "2024-01-01" else 81
    return RATES.get(name, 0)
