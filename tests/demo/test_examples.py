"""Examples of products: found by name, listed with a sentence each, refused in one sentence."""

from pathlib import Path

import pytest

from billflow.demo.examples import Example, example_named, examples
from billflow.demo.run import DemoOptions, run_demo
from billflow.domain.errors import InvalidInput


def test_a_name_that_is_none_lists_the_examples_with_a_sentence_each() -> None:
    with pytest.raises(InvalidInput) as refused:
        run_demo(DemoOptions(example="shop"))

    assert refused.value.message.startswith("There is no example 'shop'; name one of these. ")
    for name, example in examples().items():
        assert f"{name}: {example.file.description}" in refused.value.message


def test_an_example_brings_its_catalogue_and_its_customers() -> None:
    with pytest.raises(InvalidInput, match="leave out --example, or --csv and --catalog"):
        run_demo(DemoOptions(example="own-product", catalog=Path("catalog.toml")))


def test_every_example_sells_from_a_catalogue_that_is_right_and_its_customers_buy_what_is_sold() -> None:
    for example in examples().values():
        catalog = example.document().checked()
        for scenario in example.scenarios(None, example.file.ends_at):
            tier = catalog.tier(scenario.start.tier)
            assert tier.price(scenario.start.schedule, scenario.currency), scenario.organization.name


def test_own_product_has_what_a_product_meets_in_three_years() -> None:
    own = example_named("own-product")
    scenarios = own.scenarios(None, own.file.ends_at)
    steps = [step for scenario in scenarios for step in scenario.steps]
    commands = {step.command.type for step in steps if step.command}

    assert {scenario.currency for scenario in scenarios} == {"EUR", "USD"}
    assert {str(scenario.start.schedule) for scenario in scenarios} == {"monthly", "quarterly", "annual"}
    assert len({scenario.language for scenario in scenarios}) > 5
    assert {"set_licenses", "set_licenses_at_renewal", "upgrade_tier_now", "downgrade_at_end_of_cycle"} <= commands
    assert {"add_item", "set_add_on"} <= commands
    assert any(scenario.start.trial_days for scenario in scenarios)
    assert any(step.refund for step in steps)
    assert [step.credit_note for step in steps if step.credit_note] == [2400, 10_000]
    assert [scenario.coupon.code for scenario in scenarios if scenario.coupon] == ["SPRING25", "WELCOME"]
    assert [step.card for step in steps if step.card] == ["pm_card_chargeCustomerFail", "pm_card_visa"]
    assert all(scenario.price_change for scenario in scenarios)
    assert (own.file.ends_at - min(one.starts_at for one in scenarios)).days > 1_050


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("description = 3", "demo.toml: description must be a text in quotes."),
        ("description = ", "demo.toml is no TOML"),
        ("colour = 'red'", "demo.toml: description is missing; add it."),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "demo.toml").write_text(text)

    with pytest.raises(InvalidInput) as refused:
        _ = Example(tmp_path).file

    assert sentence in refused.value.message
