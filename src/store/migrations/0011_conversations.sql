-- What was written, redacted: personal data replaced by placeholders, mail quotes and signatures cut, at most so many characters.
-- Kept for the days that the configuration says, then removed. is_cut: 1 where the text went on. language: ISO 639-1, where it is known.

-- One for each contact, written with it.
CREATE TABLE contact_texts (
    tenant TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    body TEXT NOT NULL,
    is_cut BIGINT NOT NULL,
    language TEXT,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, contact_id)
);
CREATE INDEX contact_texts_by_storing ON contact_texts (tenant, stored_at);

-- Texts that came with a ticket's reports and closings. part: first, last or answer; the latest event has the word.
CREATE TABLE ticket_texts (
    tenant TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    part TEXT NOT NULL,
    body TEXT NOT NULL,
    is_cut BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, ticket_id, part)
);
CREATE INDEX ticket_texts_by_storing ON ticket_texts (tenant, stored_at);
