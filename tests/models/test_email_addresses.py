"""Whatever is taken as an e-mail address has one recipient: itself."""

from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.email_addresses import Email, recipients

ADDRESS: TypeAdapter[str] = TypeAdapter(Email)
BAD = (
    "a@[",
    "a@[127.0.0.1]",
    "(a@b.com",
    "a(b)@c.com",
    "a,b@c.com",
    "a@b.com,c",
    "a;b@c.com",
    "<x@y.com>",
    "<x@y.com",
    '"a"@b.com',
    "a..b@c.com",
    ".a@b.com",
    "a@b..com",
    "a@b.",
    "a@b@c",
    "a:b@c.com",
    "a\\\\@b.com",
    "=?utf-8?q?x?=@b.com",
    "a\0@b.com",
    "@b.com",
    "a@",
)
MARKS = st.text(st.sampled_from("a.b@()<>[]:;,\\\"'=?_- \t\u00fc\u0085\u200b\u2028q8utf"), max_size=20)


@pytest.mark.parametrize("text", BAD)
def test_what_is_not_one_address_is_refused(text: str) -> None:
    with pytest.raises((ValidationError, InvalidInput)):
        ADDRESS.validate_python(text)


@pytest.mark.parametrize(
    "text", ["a@b.com", "kim+bills@b-c.example", "o'hara@x.org", "j\u00fcrgen@m\u00fcller.de", "root@localhost"]
)
def test_addresses_that_people_have_are_taken(text: str) -> None:
    assert ADDRESS.validate_python(text) == text


@given(st.builds("{}@{}".format, MARKS, MARKS) | st.text(max_size=30))
@example("a@[")
@example("(a@b.com")
@example("=?utf-8?q?x?=@b.com")
def test_whatever_is_taken_is_the_one_recipient_of_its_mail(text: str) -> None:
    try:
        taken = ADDRESS.validate_python(text)
    except (ValidationError, InvalidInput):
        return

    message = EmailMessage()
    message["To"] = taken
    assert [one.addr_spec for one in message["To"].addresses] == [taken]


@given(MARKS | st.text())
def test_no_text_breaks_the_look_for_recipients(text: str) -> None:
    assert isinstance(recipients(text), list)
