"""Running cases of the billing rules against the domain: known by kind and operation, never by id."""
