"""The names of fields that are personal data wherever they stand: in history, in log lines."""

PERSONAL = frozenset(
    {
        "billing_address",
        "company",
        "contact_email",
        "description",
        "email",
        "erp_customer_number",
        "invoice_email",
        "memo",
        "metadata",
        "note",
        "out_of_band_reference",
        "settings",
        "shipping_address",
        "slug",
        "website",
    }
)
