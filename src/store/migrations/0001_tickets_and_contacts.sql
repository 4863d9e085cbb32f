-- One text for SQLite and PostgreSQL. Instants are milliseconds since 1970, yes/no is 0/1, JSON is TEXT,
-- customers and contact texts are keyed hashes. Never change this file after a release: add the next one.

-- The tenant '' holds what is true of the whole database.
CREATE TABLE settings (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- The newest known state of each ticket.
CREATE TABLE tickets (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_hash TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at BIGINT,
    category TEXT,
    details TEXT NOT NULL,
    closing_sha256 TEXT,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX tickets_of_customer ON tickets (tenant, customer_hash, opened_at);

-- Everything a helpdesk reported, append only; kind is 'state' or 'closing'.
CREATE TABLE ticket_events (
    tenant TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    content_sha256 TEXT NOT NULL,
    category TEXT,
    details TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, ticket_id, kind, occurred_at),
    FOREIGN KEY (tenant, ticket_id) REFERENCES tickets (tenant, id)
);

-- What a model said about a ticket at its closing; a row is never changed.
-- closed_at repeats the ticket's, so that the lists below are read in index order.
CREATE TABLE assessments (
    tenant TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    closed_at BIGINT NOT NULL,
    model_version TEXT NOT NULL,
    inputs_sha256 TEXT NOT NULL,
    assessed_at BIGINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    band TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, ticket_id),
    FOREIGN KEY (tenant, ticket_id) REFERENCES tickets (tenant, id)
);

CREATE INDEX assessments_by_closing ON assessments (tenant, closed_at, ticket_id);
CREATE INDEX assessments_of_band ON assessments (tenant, band, closed_at, ticket_id);

-- Classified contacts without their texts.
CREATE TABLE contacts (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    customer_hash TEXT NOT NULL,
    ticket_id TEXT,
    occurred_at BIGINT NOT NULL,
    channel TEXT,
    text_hash TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    classification TEXT NOT NULL,
    model_version TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
