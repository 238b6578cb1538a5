"""The TOML of the pages is what the product's own checks take: whole files, or tables of one."""

import tomllib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from billflow.domain.errors import InvalidInput
from billflow.imports.price_map import PRICE_MAP_FILE
from billflow.models.contracts.catalog import CATALOG_FILE
from billflow.models.contracts.seller import SELLER_FILE
from billflow.models.contracts.seller import example_text as example_seller
from billflow.models.contracts.tax_rates import TAX_FILE
from tests.docs.blocks import Block, blocks


class FileCheck(NamedTuple):
    """What `check` asks of a file, and the file whose other tables go with those of a block."""

    check: Callable[[dict[str, Any]], object]
    rest: str = ""


CHECKS = {
    "catalog.md": FileCheck(lambda data: CATALOG_FILE.parse(data).checked()),
    "importing.md": FileCheck(PRICE_MAP_FILE.parse),
    "seller.md": FileCheck(SELLER_FILE.parse, example_seller()),
    "tax.md": FileCheck(TAX_FILE.parse),
}
"""By the page that explains the file."""

BLOCKS = [block for block in blocks() if block.language == "toml"]


def check(page: str, text: str) -> object:
    """Check a block as its file would be; raises `InvalidInput`."""
    asked = CHECKS[page]
    return asked.check({**tomllib.loads(asked.rest), **tomllib.loads(text)})


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_every_block_of_toml_is_right(block: Block) -> None:
    assert check(block.page.name, block.text)


def test_each_page_of_a_file_shows_some_of_it() -> None:
    assert {block.page.name for block in BLOCKS} == set(CHECKS)


@pytest.mark.parametrize("page", CHECKS)
def test_a_field_that_there_is_not_is_refused(page: str) -> None:
    first = next(block for block in BLOCKS if block.page.name == page)

    with pytest.raises(InvalidInput, match="colour"):
        check(page, f'colour = "red"\n{first.text}')
