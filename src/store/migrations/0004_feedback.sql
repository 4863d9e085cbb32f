-- What people say the label of a contact should have been, beside what was predicted; a row is never changed but by erasure.
-- predicted_label, probability, action and model_version: the classification as it was stored with the contact; predicted_label is
-- null where the head abstained, action is null where it said nothing. is_known_label: null where the head had no live model.
CREATE TABLE feedback (
    tenant TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    head TEXT NOT NULL,
    author TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    label TEXT NOT NULL,
    note TEXT,
    content_sha256 TEXT NOT NULL,
    is_known_label BIGINT,
    predicted_label TEXT,
    probability DOUBLE PRECISION,
    action TEXT,
    model_version TEXT,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, contact_id, head, author, occurred_at)
);
CREATE INDEX feedback_by_time ON feedback (tenant, occurred_at, contact_id, head, author);
