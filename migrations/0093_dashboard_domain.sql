-- The dashboard's own domain: one row at most. Certificate and DNS provider are those of the
-- team of the administrator who chose them.
CREATE TABLE dashboard_domain (
    is_only         boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    team_id         uuid NOT NULL REFERENCES teams (id),
    host            text NOT NULL,
    tls             text NOT NULL CHECK (tls IN ('none', 'acme', 'custom')),
    certificate_id  uuid,
    dns_provider_id uuid,
    CONSTRAINT dashboard_domain_certificate_id_fkey
        FOREIGN KEY (team_id, certificate_id) REFERENCES certificates (team_id, id),
    CONSTRAINT dashboard_domain_dns_provider_id_fkey
        FOREIGN KEY (team_id, dns_provider_id) REFERENCES dns_providers (team_id, id)
);
