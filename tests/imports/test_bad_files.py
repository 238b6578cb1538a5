"""Files that can't be imported as they are: each is refused in a sentence, and each row by its reason."""

import json
from pathlib import Path

import pytest

from billflow.domain.errors import InvalidInput
from billflow.imports.bundles import Bundles, bundle
from billflow.imports.files import CSV, JSON, read_folder
from billflow.imports.price_map import PriceMap, PriceMapping
from billflow.imports.report import ImportReport
from billflow.imports.stripe_objects import load_objects
from billflow.imports.stripe_rows import bundle_stripe
from tests.imports.openings import Json
from tests.imports.test_stripe import a_subscription
from tests.stripe_emulator.test_subscriptions import moment

HEAD = "external_id,name,email"
PRICES = PriceMap(prices={"price_1": PriceMapping(tier="cloud_standard")})


def folder_of(folder: Path, **files: str) -> Path:
    """Write files by their names, whose last underscore is the dot, byte by byte as they are given."""
    for name, text in files.items():
        folder.joinpath(".".join(name.rsplit("_", 1))).write_bytes(text.encode())
    return folder


def bundled(folder: Path, **files: str) -> Bundles:
    endings = JSON if any("json" in name for name in files) else CSV
    return bundle(read_folder(folder_of(folder, **files), endings))


def reasons(made: Bundles) -> list[tuple[object, str]]:
    return [(one.row.values.get("external_id"), one.code) for one in made.refused]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("customers_csv", f"{HEAD},name\nc1,A,a@a.example,B\n", "has the column name twice; leave one out."),
        ("customers_csv", "external_id;name;email\n", "has semicolons between its columns; save it with commas."),
        ("customers_csv", f"{HEAD},,\nc1,A,a@a.example,,\n", "has a column ''; give it the name of a field."),
        (
            "customers_csv",
            f"{HEAD},billing_address,billing_address.city\nc1,A,a@a.example,Street,Town\n",
            "has a column billing_address, and one of a field within billing_address; leave one out.",
        ),
        ("customers_csv", f"{HEAD}\nc1,A,a@a.example,B\n", "line 2, has more cells than the first line."),
        ("customers_json", '{"external_id": "c1"}', "is no list; write a list of objects."),
        ("customers_json", '[{"external_id": "c1"}, "c2"]', "number 2, is no object; write each record as one."),
        ("customers_jsonl", '{"external_id": "c1"}\n\n[1]\n', "number 3, is no object; write each record as one."),
        ("customers_jsonl", '{"external_id": "c1"}\n{"ext\n', "line 2, is no JSON: "),
        ("customers_jsonl", "[" * 100_000, "line 1, is no JSON: a number or a level too many."),
    ],
)
def test_a_file_that_can_t_be_read_is_refused_with_the_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled(tmp_path, **{name: text})

    assert said in refused.value.message


def test_a_cell_may_have_several_lines_and_any_end_of_line(tmp_path: Path) -> None:
    rows = read_folder(
        folder_of(tmp_path, customers_csv=f'{HEAD}\r\nc1,"A\nB",a@a.example\r\nc2,"A\u2028B",b\r\n'), CSV
    )
    lines = '{"external_id": "c1", "name": "A\u2028B"}\r\n{"external_id": "c2", "name": "A\u0085B"}'
    objects = read_folder(folder_of(tmp_path, customers_jsonl=lines), JSON)

    assert [row.values["name"] for row in rows] == ["A\nB", "A\u2028B"]
    assert [(row.line, row.values["name"]) for row in objects] == [(1, "A\u2028B"), (2, "A\u0085B")]


def test_ids_and_customers_that_are_no_texts_are_refused_row_by_row(tmp_path: Path) -> None:
    customers = [{"external_id": ["c1"], "name": "A", "email": "a@a.example"}, {"external_id": "c2", "name": "B"}]
    plan = {"external_id": "p1", "customer": {"id": "c1"}, "tier": "t", "schedule": "monthly", "licenses": 1}
    period = {"period_start": "2026-01-01T00:00:00Z", "period_end": "2026-02-01T00:00:00Z"}

    made = bundled(tmp_path, customers_json=json.dumps(customers), plans_json=json.dumps([{**plan, **period}]))

    assert reasons(made) == [(["c1"], "wrong_type"), ("c2", "field_missing"), ("p1", "wrong_type")]
    assert made.customers == {}


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path: Path) -> None:
    row = "p1,c1,team,weekly,2026-01-01,2026-02-01T00:00:00Z,twelve"
    head = "external_id,customer,tier,schedule,period_start,period_end,licenses"

    made = bundled(tmp_path, customers_csv=f"{HEAD}\nc1,A,a@a.example\n", plans_csv=f"{head}\n{row}\n")

    [one] = made.refused
    assert one.message == (
        "schedule must be 'annual', 'half_yearly', 'quarterly' or 'monthly'. "
        "period_start must be a moment such as 2027-01-31T12:00:00Z, with its zone. "
        "licenses must be a whole number."
    )


def test_a_text_that_can_t_be_stored_is_refused_in_its_row(tmp_path: Path) -> None:
    made = bundled(tmp_path, customers_csv=f"{HEAD}\nc1,A\0B,a@a.example\nc2,B,b@b.example\n")

    assert reasons(made) == [("c1", "bad_text")]
    assert list(made.customers) == ["c2"]


def test_rows_of_one_that_is_refused_are_held_back_and_not_called_unknown(tmp_path: Path) -> None:
    customers = f"{HEAD}\nc1,A,nowhere\nc2,B,b@b.example\n"
    head = "external_id,customer,tier,schedule,period_start,period_end,licenses"
    period = "monthly,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z"
    plans = f"{head}\np1,c1,team,{period},2\np2,c2,team,{period},two\n"
    entry = "2026-01-01T00:00:00Z,true,2,2"
    ledger = f"plan,event_time,is_renewal,licenses,licenses_at_next_renewal\np2,{entry}\np3,{entry}\n"

    made = bundled(tmp_path, customers_csv=customers, plans_csv=plans, ledger_csv=ledger)
    found = ImportReport()
    found.add_refused(made)

    assert [(one.row.file, one.row.line, one.code) for one in made.refused] == [
        ("customers.csv", 2, "wrong_format"),
        ("plans.csv", 3, "wrong_type"),
        ("ledger.csv", 3, "unknown_plan"),
    ]
    assert [row["external_id"] for row in found.rows if row["outcome"] == "held_back"] == ["c2", "p1"]
    assert {name: len(one.plans) for name, one in made.partial.items()} == {"c2": 0}


def stripe_rows(folder: Path, subscription: Json, **customer: object) -> Bundles:
    known = {"id": "cus_1", "name": "One", "email": "one@old.example", "balance": 0, **customer}
    files = {"customers_json": [known], "subscriptions_json": [subscription], "coupons_json": [COUPON]}
    return bundle_stripe(load_objects(folder_of(folder, **{n: json.dumps(of) for n, of in files.items()})), PRICES)


COUPON: Json = {"id": "HALF", "percent_off": 50, "duration": "repeating", "duration_in_months": 3}
DISCOUNT: Json = {"id": "di_1", "source": {"coupon": "HALF"}, "end": moment("2026-04-15")}


def without(subscription: Json, *names: str) -> Json:
    item = {name: value for name, value in subscription["items"]["data"][0].items() if name not in names}
    return {name: value for name, value in subscription.items() if name not in names} | {"items": {"data": [item]}}


@pytest.mark.parametrize(
    ("subscription", "code", "said"),
    [
        (without(a_subscription(), "current_period_start"), "unreadable_object", "('current_period_start' is missing)"),
        (without(a_subscription(), "status"), "unreadable_object", "('status' is missing)"),
        (a_subscription(items=0), "several_items", "has 0 items"),
        ({**a_subscription(), "items": None}, "unreadable_object", "is not as Stripe's API answers; let --read"),
        (a_subscription(discounts=["di_1"]), "coupon_not_read", "is there by its id alone"),
    ],
)
def test_a_subscription_of_stripes_that_can_t_be_read_holds_its_customer_back(
    tmp_path: Path, subscription: Json, code: str, said: str
) -> None:
    made = stripe_rows(tmp_path, subscription)

    assert reasons(made) == [("sub_1", code)]
    assert said in made.refused[0].message
    assert made.customers == {}


def test_a_customer_that_is_exported_within_its_subscription_is_that_customer(tmp_path: Path) -> None:
    made = stripe_rows(tmp_path, a_subscription(customer={"id": "cus_1", "object": "customer"}))

    assert [plan.external_id for plan in made.customers["cus_1"].plans] == ["sub_1"]


@pytest.mark.parametrize(
    "own", [[], [{**DISCOUNT, "source": {"coupon": {**COUPON, "id": "OWN"}}}]], ids=["none", "own"]
)
def test_a_customers_discount_counts_where_its_subscription_has_none(tmp_path: Path, own: list[Json]) -> None:
    made = stripe_rows(tmp_path, a_subscription(discounts=own), discount=DISCOUNT)

    customer = made.customers["cus_1"].customer
    assert (customer.coupon, customer.coupon_months_left) == ("OWN" if own else "HALF", 2)


def test_an_object_without_an_id_is_no_export_of_stripes(tmp_path: Path) -> None:
    folder_of(tmp_path, customers_json='[{"name": "One"}]', subscriptions_json="[]")

    with pytest.raises(InvalidInput, match=r"customers.json, number 1, has no id; export what Stripe's API answers"):
        load_objects(tmp_path)
