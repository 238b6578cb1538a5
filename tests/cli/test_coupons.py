"""Coupons from the terminal: made, attached, shown, taken back."""

from secrets import token_hex

from tests.cli.terminal import Terminal, assert_refused


def test_a_coupon_is_made_given_to_a_customer_and_taken_back(terminal: Terminal) -> None:
    code, customer = f"SORRY-{token_hex(4)}", terminal.customer()
    made = terminal("coupon", "create", code, "--percent-off", "12.5", "--duration", "forever", "--name", "Sorry")
    assert made.code == 0, made.err
    assert "12.5%" in made.out

    foreseen = terminal("coupon", "preview", customer, code)
    given = terminal("coupon", "attach", customer, code.lower(), "--reason", "outage of May", "--json")
    shown = terminal("coupon", "of", customer)
    gone = terminal("coupon", "detach", customer)
    archived = terminal("coupon", "archive", code, "--json").data

    assert (given.data["code"], given.data["percent_off"], given.data["reason"]) == (code, "12.5", "outage of May")
    assert f"Discount: Sorry ({code}): 12.5% off; it waits" in foreseen.out
    assert "for ever" in shown.out
    assert "outage of May" in shown.out
    assert "detached" in gone.out
    assert (archived["times_redeemed"], archived["archived_at"] is None) == (1, False)
    assert code in terminal("coupon", "list").out
    assert_refused(terminal("coupon", "attach", customer, code), f"The coupon {code} is over; leave it out")


def test_a_preview_of_a_discount_shows_both_prices_and_the_next_invoice(terminal: Terminal) -> None:
    code, customer = f"HALF-{token_hex(4)}", terminal.customer()
    plan = terminal.trial(customer)
    terminal("coupon", "create", code, "--percent-off", "50")

    foreseen = terminal("coupon", "preview", customer, code)
    agreed = terminal(
        "plan", "preview", plan, "apply-discount", "--monthly-discounted-price", "600", "--annual-discounted-price", "0"
    )

    assert "USD 8 → USD 4" in foreseen.out, foreseen.err
    assert f"Discount: Coupon {code}: 50% off, 1 months left, until " in foreseen.out
    assert "USD 8 → USD 6" in agreed.out, agreed.err
    assert "Discount: agreed price: USD 6 per license, 25% below list price." in agreed.out


def test_what_is_wrong_with_a_coupon_is_one_sentence(terminal: Terminal) -> None:
    assert_refused(terminal("coupon", "create", "BAD", "--percent-off", "150"), "percent_off must lie above 0 and at")
    assert_refused(
        terminal("coupon", "create", "BAD", "--percent-off", "half"), "percent_off is 'half'; write a number"
    )
    assert_refused(terminal("coupon", "create", "BAD", "--amount-off", "500"), "write USD=500, in minor units.")
    assert_refused(terminal("coupon", "create", "BAD"), "name percent_off or amount_off.")
    assert_refused(terminal("coupon", "show", "BAD"), "There is no coupon 'BAD'; correct the code.")
    assert_refused(
        terminal(
            "plan", "start", terminal.customer(), "--tier", "cloud_standard", "--schedule", "monthly", "--coupon", "x"
        ),
        "There is no coupon 'x'; correct the code, or leave it out.",
    )
