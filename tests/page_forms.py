"""The forms of a page as a browser would send them: where to, how, and with what in their fields."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class PageForm:
    """A form: nothing in it was typed or chosen yet."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[PageForm] = []
        self._form: PageForm | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PageForm(given.get("action", ""), given.get("method", "get"))
            self.found.append(self._form)
        if self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: PageForm, tag: str, given: dict[str, str]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        is_box, is_checked = given.get("type") == "checkbox", "checked" in given
        if tag == "input" and name and given.get("type") != "file" and (is_checked or not is_box):
            form.fields[name] = value
        elif tag == "button" and name:
            form.buttons.append((name, value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in form.fields):
            form.fields[self._select] = value
        elif tag == "textarea":
            self._area, form.fields[name] = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._area:
            self._form.fields[self._area] += data.removeprefix("\n")


def forms_in(text: str) -> list[PageForm]:
    """Return the forms of a page."""
    reader = _Forms()
    reader.feed(text)
    return reader.found


def posted_to(text: str, address: str) -> Iterator[PageForm]:
    """Yield the forms of a page that are sent to an address."""
    return (form for form in forms_in(text) if form.method == "post" and form.action == address)
