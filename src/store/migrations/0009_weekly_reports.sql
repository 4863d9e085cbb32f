-- Weekly reports: what was handed on to whom, so that any number of processes hand each one on once.

-- A delivery of the report of a week (its Monday, in days since 1970-01-01) to a receiver: folder, webhook, or mail- and the
-- beginning of the hash of an address. status: taken (holder has it until due_at), failed (to be tried again at due_at), sent.
CREATE TABLE weekly_deliveries (
    tenant TEXT NOT NULL,
    week BIGINT NOT NULL,
    receiver TEXT NOT NULL,
    status TEXT NOT NULL,
    holder TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    sent_at BIGINT,
    error TEXT,
    PRIMARY KEY (tenant, week, receiver)
);
