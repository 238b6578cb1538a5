"""Keys as one process knows them: whom it believes without asking, and how often a wrong key makes it ask."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from billflow.api import authentication as module
from billflow.api.authentication import CACHED_FOR, WRONG_KEYS_RATE, Authentication
from billflow.api.lru_cache import LruCache
from billflow.api.rate_limits import RateLimiters, network_of
from billflow.errors import TooManyRequests, Unauthorized
from billflow.models.contracts.access import ApiKeyRecord, Mode, PresentedKey
from billflow.models.contracts.customers import ChangeContext
from billflow.store.access.api_keys import PostgresApiKeyRepository
from tests.api_environment import ApiEnvironment

ADDRESS, ELSEWHERE = "198.51.100.7", "203.0.113.9"


@dataclass(frozen=True)
class CountingKeys(PostgresApiKeyRepository):
    """The real rows, which count how often each key is looked up."""

    asked: Counter[str] = field(default_factory=Counter)

    async def find_valid(self, presented: PresentedKey, at: datetime) -> ApiKeyRecord | None:
        """Look a key up."""
        self.asked[presented.key_id] += 1
        return await super().find_valid(presented, at)


@dataclass
class Door:
    """An authentication whose time moves when told to."""

    keys: CountingKeys
    now: float = 1000.0

    def __post_init__(self) -> None:
        self.authentication = Authentication(self.keys, Mode.TEST, lambda: self.now)

    async def enter(self, key: str, address: str = ADDRESS) -> str:
        """Show a key, and return what it is answered: its id, or the code of the refusal."""
        try:
            return (await self.authentication.authenticate(f"Bearer {key}", address)).key_id
        except (Unauthorized, TooManyRequests) as error:
            return error.code

    @property
    def asked(self) -> int:
        """Tell how often the database was asked."""
        return self.keys.asked.total()


@pytest.fixture
def door(env: ApiEnvironment) -> Door:
    """Return a door on the environment's keys."""
    return Door(CountingKeys(env.engine.database))


def presented(key: str) -> PresentedKey:
    """Return what a right key says."""
    read = PresentedKey.read(key)
    assert read
    return read


def guess(key: str, n: int = 0) -> str:
    """Return the key with another secret."""
    return replace(presented(key), secret=n.to_bytes(32)).text().get_secret_value()


async def test_a_right_key_is_looked_up_once_in_five_seconds(env: ApiEnvironment, door: Door) -> None:
    key = await env.key()

    for _ in range(100):
        await door.enter(key)
    door.now += CACHED_FOR
    await door.enter(key)

    assert door.asked == 2


async def test_a_revoked_key_works_five_seconds_at_most_however_often_it_is_shown(
    env: ApiEnvironment, door: Door
) -> None:
    key = await env.key()
    key_id = await door.enter(key)
    await env.engine.repositories.api_keys.revoke(
        env.org_id, key_id, ChangeContext(actor="tests", at=datetime.now(UTC))
    )

    answers = []
    for _ in range(6):
        answers.append(await door.enter(key))
        door.now += 1

    assert answers == [key_id] * 5 + ["api_key_invalid"]


async def test_a_key_revoked_while_it_is_looked_up_is_believed_from_before_it_was(
    env: ApiEnvironment, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await env.key()
    look_up = CountingKeys.find_valid

    async def slow(keys: CountingKeys, shown: PresentedKey, at: datetime) -> ApiKeyRecord | None:
        found = await look_up(keys, shown, at)
        door.now += 3
        return found

    monkeypatch.setattr(CountingKeys, "find_valid", slow)
    await door.enter(key)
    door.now += CACHED_FOR - 3
    await door.enter(key)

    assert door.asked == 2


async def test_a_wrong_secret_is_never_believed_though_its_key_is_known(env: ApiEnvironment, door: Door) -> None:
    key = await env.key()
    stranger = await env.engine.repositories.organizations.ensure("stranger")
    turned = replace(presented(key), org_id=stranger).text().get_secret_value()
    key_id = await door.enter(key)

    answers = [await door.enter(shown) for shown in (guess(key), turned, key, guess(key), turned)]

    assert answers == ["api_key_invalid", "api_key_invalid", key_id, "api_key_invalid", "api_key_invalid"]
    assert door.asked == 5


async def test_a_key_has_one_text_and_other_spellings_are_not_looked_up(env: ApiEnvironment, door: Door) -> None:
    key = await env.key()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = [f"{key[:-1]}{letter}" for letter in alphabet if letter != key[-1]]
    spellings += [f"{' ' * n}{key}" for n in range(1, 100)] + [f"{key}=", f"{key} ", f"{key}\n"]

    answers = {await door.enter(spelling) for spelling in spellings}

    assert answers == {"api_key_invalid", "api_key_missing"}
    # The last letter holds two bits of the secret: three others are other secrets, the rest are other spellings.
    assert door.asked == 3


async def test_an_address_that_sends_wrong_keys_is_answered_without_the_database(
    env: ApiEnvironment, door: Door
) -> None:
    key, fresh = await env.key(), await env.key()
    await door.enter(key)
    before = door.asked

    answers = await asyncio.gather(*(door.enter(guess(key, n)) for n in range(1000)))

    assert Counter(answers) == {"api_key_invalid": 2 * WRONG_KEYS_RATE, "rate_limited": 1000 - 2 * WRONG_KEYS_RATE}
    assert door.asked - before == 2 * WRONG_KEYS_RATE
    assert await door.enter(key) == presented(key).key_id
    assert await door.enter(fresh, ELSEWHERE) == presented(fresh).key_id
    assert await door.enter(guess(key), ELSEWHERE) == "api_key_invalid"
    door.now += 1
    assert [await door.enter(guess(key, n)) for n in range(21)] == ["api_key_invalid"] * 20 + ["rate_limited"]


async def test_a_right_key_is_looked_up_again_though_its_address_sends_wrong_ones(
    env: ApiEnvironment, door: Door
) -> None:
    key = await env.key()
    key_id = await door.enter(key)
    for n in range(3 * WRONG_KEYS_RATE):
        await door.enter(guess(key, n))
    door.now += CACHED_FOR

    for n in range(3 * WRONG_KEYS_RATE):
        await door.enter(guess(key, n))

    assert await door.enter(guess(key)) == "rate_limited"
    assert await door.enter(key) == key_id


async def test_right_keys_are_not_counted_as_wrong_ones(env: ApiEnvironment, door: Door) -> None:
    keys = [await env.key() for _ in range(2 * WRONG_KEYS_RATE + 5)]

    answers = [await door.enter(key) for key in keys]

    assert answers == [presented(key).key_id for key in keys]


async def test_a_full_cache_forgets_the_key_that_was_used_least_recently(
    env: ApiEnvironment, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CACHED", 2)
    door.authentication = Authentication(door.keys, Mode.TEST, lambda: door.now)
    first, second, third = [await env.key() for _ in range(3)]

    for key in (first, second, first, third, first, second):
        await door.enter(key)

    asked = [door.keys.asked[presented(key).key_id] for key in (first, second, third)]
    assert asked == [1, 2, 1]


def test_one_name_cant_clear_the_count_of_another() -> None:
    limiters = RateLimiters(lambda: 0.0)
    limiters.take("busy", 1, "no")
    limiters.take("busy", 1, "no")

    for n in range(30_000):
        limiters.take(f"other {n}", 1, "no")
        if n % 100 == 0:
            with pytest.raises(TooManyRequests):
                limiters.take("busy", 1, "no")


def test_a_cache_holds_what_it_may_and_gives_up_the_oldest() -> None:
    cache = LruCache[str, int](2)
    cache.set("a", 1)
    cache.set("b", 2)
    cache.get("a")
    cache.set("c", 3)
    cache.remove("nothing")

    assert (len(cache), cache.get("a"), cache.get("b"), cache.get("c")) == (2, 1, None, 3)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::1", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        (None, ""),
        ("unix socket", "unix socket"),
    ],
)
def test_a_party_is_counted_by_what_it_has_for_itself(address: str | None, network: str) -> None:
    assert network_of(address) == network
