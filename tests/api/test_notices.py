"""The days ahead that customers are told are the organization's own, and checked."""

import httpx

NOTICES = "/api/v1/notices"
DEFAULT = {"trial_will_end": 3, "invoice_upcoming": 7, "plan_will_renew": 30}


async def test_the_days_are_shown_set_and_checked(api: httpx.AsyncClient) -> None:
    assert (await api.get(NOTICES)).json() == DEFAULT

    changed = {"trial_will_end": 0, "invoice_upcoming": 14, "plan_will_renew": 60}
    assert (await api.put(NOTICES, json=changed)).json() == changed
    assert (await api.get(NOTICES)).json() == changed
    for bad in ({"invoice_upcoming": -1}, {"plan_will_renew": 91}, {"trial_will_end": 1.5}, {"invoice_coming": 1}):
        assert (await api.put(NOTICES, json=bad)).status_code == 422, bad
    assert (await api.put(NOTICES, json=DEFAULT)).json() == DEFAULT
