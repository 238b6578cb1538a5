-- Every version of what an organization sells. Those that are here already go on selling what came with billflow.

CREATE TABLE catalog_version (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    version bigint NOT NULL,
    content jsonb NOT NULL,
    actor text NOT NULL,
    reason text,
    at timestamptz NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_catalog_version PRIMARY KEY (id),
    CONSTRAINT fk_catalog_version_org_id FOREIGN KEY(org_id) REFERENCES org (id),
    CONSTRAINT uq_catalog_version_org_id_version UNIQUE (org_id, version),
    CONSTRAINT ck_catalog_version_version_counts CHECK (version > 0),
    CONSTRAINT ck_catalog_version_content_is_object CHECK (jsonb_typeof(content) = 'object')
);

ALTER TABLE org NO FORCE ROW LEVEL SECURITY;
INSERT INTO catalog_version (org_id, version, content, actor, reason, at)
SELECT id, 1, '{
    "tier": {
        "cloud_standard": {"name": "Cloud Standard", "hosting": "cloud", "trial_days": 30, "renewal_gate": true, "upgrades_to": ["cloud_plus"], "prices": {"USD": {"annual": 8000, "monthly": 800}, "EUR": {"annual": 8000, "monthly": 800}, "GBP": {"annual": 8000, "monthly": 800}, "CHF": {"annual": 8000, "monthly": 800}}, "features": ["unlimited_history", "guest_accounts", "priority_support"], "roles": ["default_trial", "sponsored"]},
        "cloud_plus": {"name": "Cloud Plus", "hosting": "cloud", "minimum_licenses": 10, "trial_days": 30, "renewal_gate": true, "prices": {"USD": {"annual": 12000, "monthly": 1200}, "EUR": {"annual": 12000, "monthly": 1200}, "GBP": {"annual": 12000, "monthly": 1200}, "CHF": {"annual": 12000, "monthly": 1200}}, "features": ["unlimited_history", "guest_accounts", "priority_support", "saml", "scim"]},
        "cloud_enterprise": {"name": "Cloud Enterprise", "hosting": "cloud", "features": ["unlimited_history", "guest_accounts", "priority_support", "saml", "scim", "dedicated_contact"]},
        "self_hosted_complimentary": {"name": "Complimentary access", "hosting": "self_hosted", "billable": false, "needs_end_date": true, "upgrades_to": ["self_hosted_basic", "self_hosted_business"], "prices": {"USD": {"annual": 0, "monthly": 0}, "EUR": {"annual": 0, "monthly": 0}, "GBP": {"annual": 0, "monthly": 0}, "CHF": {"annual": 0, "monthly": 0}}, "features": ["push_notifications"], "roles": ["complimentary"]},
        "self_hosted_community": {"name": "Community", "hosting": "self_hosted", "billable": false, "features": ["push_notifications"], "roles": ["community", "sponsored"]},
        "self_hosted_basic": {"name": "Basic", "hosting": "self_hosted", "flat_discount_minimum_cap": 10, "trial_days": 30, "upgrades_to": ["self_hosted_business"], "prices": {"USD": {"annual": 4200, "monthly": 350}, "EUR": {"annual": 4200, "monthly": 350}, "GBP": {"annual": 4200, "monthly": 350}, "CHF": {"annual": 4200, "monthly": 350}}, "features": ["push_notifications"], "roles": ["default_trial"]},
        "self_hosted_business": {"name": "Business", "hosting": "self_hosted", "minimum_licenses": 25, "prices": {"USD": {"annual": 8000, "monthly": 800}, "EUR": {"annual": 8000, "monthly": 800}, "GBP": {"annual": 8000, "monthly": 800}, "CHF": {"annual": 8000, "monthly": 800}}, "features": ["push_notifications", "saml", "priority_support"]},
        "self_hosted_enterprise": {"name": "Enterprise", "hosting": "self_hosted", "features": ["push_notifications", "saml", "priority_support", "dedicated_contact"]}
    }
}', 'system', 'what came with billflow until now', now() FROM org;
ALTER TABLE org FORCE ROW LEVEL SECURITY;
