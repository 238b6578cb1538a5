"""The names of fields that are personal data wherever they stand: in history, in log lines."""

PERSONAL = frozenset(
    {
        "billing_address",
        "company",
        "contact_email",
        "description",
        "email",
        "invoice_email",
        "metadata",
        "note",
        "settings",
        "shipping_address",
        "slug",
        "website",
    }
)
