"""Products and prices: what is sold."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.expand import deleted
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions.chosen_ids import with_chosen_id
from stripe_emulator.subscriptions.prices import check, in_use, new_price
from stripe_emulator.types import Obj

PLAIN = ("active", "description", "images", "name", "shippable", "statement_descriptor", "unit_label", "url")


def new_product(unit: Unit, params: Obj) -> Obj:
    """Store a product; raises StripeError where its id is taken."""
    product = with_chosen_id(unit, unit.blank("product"), params.get("id"))
    product.update(active=True, type=params.get("type") or "service", updated=product["created"])
    fields.copy(product, params, PLAIN)
    fields.merge_metadata(product, params)
    unit.add(product)
    unit.emit("product.created", product)
    return product


@operation("product.create")
def create(unit: Unit, args: Args) -> Obj:
    """Create a product."""
    if args.params.get("default_price_data"):
        raise invalid("default_price_data is not simulated by the emulator.", param="default_price_data")
    return new_product(unit, args.params)


@operation("product.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a product."""
    return unit.get("product", args.id)


@operation("product.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change a product."""
    product = unit.get("product", args.id)
    if args.params.get("default_price"):
        product["default_price"] = unit.get("price", args.params["default_price"], "default_price")["id"]
    fields.copy(product, args.params, PLAIN)
    fields.merge_metadata(product, args.params)
    product["updated"] = unit.now()
    unit.changed("product.updated", product)
    return product


@operation("product.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete a product that has no prices."""
    product = unit.get("product", args.id)
    if unit.count(Query("price").where("product", product["id"])):
        raise in_use("product")
    unit.remove(product)
    unit.emit("product.deleted", product)
    return deleted(product)


@operation("product.list")
def list_products(unit: Unit, args: Args) -> Obj:
    """List products by their ids, whether they are active, and their creation."""
    return page(unit, args, _filtered("product", args.params))


@operation("price.create", check)
def create_price(unit: Unit, args: Args) -> Obj:
    """Create a price of a product, or with one."""
    params = args.params
    fields.exclusive(params, ("product", "product_data"))
    if params.get("product"):
        return new_price(unit, params, unit.get("product", params["product"], "product")["id"])
    if not params.get("product_data"):
        raise invalid("Missing required param: product.", code="parameter_missing", param="product")
    return new_price(unit, params, new_product(unit, params["product_data"])["id"])


@operation("price.retrieve")
def retrieve_price(unit: Unit, args: Args) -> Obj:
    """Return a price."""
    return unit.get("price", args.id)


@operation("price.update")
def update_price(unit: Unit, args: Args) -> Obj:
    """Change what of a price may change: never its amount."""
    price = unit.get("price", args.id)
    fields.copy(price, args.params, ("active", "lookup_key", "nickname", "tax_behavior"))
    fields.merge_metadata(price, args.params)
    unit.changed("price.updated", price)
    return price


@operation("price.list")
def list_prices(unit: Unit, args: Args) -> Obj:
    """List prices by product, type, currency and lookup keys."""
    query = _filtered("price", args.params)
    for name in ("product", "type", "currency"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("lookup_keys"):
        query.among("json_extract(body, '$.lookup_key')", args.params["lookup_keys"])
    return page(unit, args, query)


def _filtered(kind: str, params: Obj) -> Query:
    query = Query(kind)
    if params.get("ids"):
        query.among("id", params["ids"])
    if params.get("active") is not None:
        query.where("active", params["active"])
    if params.get("created") is not None:
        query.between("created", params["created"])
    return query
