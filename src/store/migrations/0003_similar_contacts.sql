-- Finding contacts with similar texts: which vectors of contacts can be compared, in an order in which every process can follow
-- what is added and what is erased.

-- The number of the last change of a tenant's contact_embeddings. Whoever changes them counts it up as the last step of the
-- transaction: the lock on this row lets changes become visible in the order of their numbers.
CREATE TABLE embedding_changes (
    tenant TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (tenant)
);

-- One row per customers' contact whose text was embedded. The vector itself is contacts.embedding.
-- change: the number of the change that wrote the row last.
-- encoder: SHA-256 of everything the vector depends on besides the text; null once the customer was erased.
CREATE TABLE contact_embeddings (
    tenant TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    change BIGINT NOT NULL,
    encoder TEXT,
    PRIMARY KEY (tenant, contact_id)
);
CREATE UNIQUE INDEX contact_embeddings_by_change ON contact_embeddings (tenant, change);
CREATE INDEX contact_embeddings_of_encoder ON contact_embeddings (tenant, encoder, change);
