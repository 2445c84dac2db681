-- Certificates that teams bring themselves. The key is encrypted.
CREATE TABLE certificates (
    id          uuid PRIMARY KEY,
    team_id     uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name        text NOT NULL,
    -- The certificate and those that it needs, as PEM, in the order in which they are sent.
    chain       text NOT NULL,
    private_key bytea NOT NULL,
    -- The host names for which it is valid.
    hosts       text[] NOT NULL,
    issuer      text NOT NULL,
    fingerprint text NOT NULL,
    not_before  timestamptz NOT NULL,
    not_after   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (team_id, id),
    CONSTRAINT certificates_name_key UNIQUE (team_id, name)
);

-- Where DNS records can be made to show that a name is ours. The secret is encrypted.
CREATE TABLE dns_providers (
    id         uuid PRIMARY KEY,
    team_id    uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    name       text NOT NULL,
    -- {"kind": "cloudflare" | "rfc2136" | "webhook", ...}, without the secret.
    settings   jsonb NOT NULL,
    secret     bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (team_id, id),
    CONSTRAINT dns_providers_name_key UNIQUE (team_id, name)
);

ALTER TABLE domains
    ADD COLUMN certificate_id uuid,
    ADD COLUMN dns_provider_id uuid,
    ADD CONSTRAINT domains_certificate_id_fkey
        FOREIGN KEY (team_id, certificate_id) REFERENCES certificates (team_id, id),
    ADD CONSTRAINT domains_dns_provider_id_fkey
        FOREIGN KEY (team_id, dns_provider_id) REFERENCES dns_providers (team_id, id);
CREATE INDEX domains_certificate_id_idx ON domains (certificate_id);
CREATE INDEX domains_dns_provider_id_idx ON domains (dns_provider_id);
