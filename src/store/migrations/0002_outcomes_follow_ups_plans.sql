-- Outcomes of closed tickets, customers known by several identities, next issues, plans, follow-ups, experiments.

-- Who a customer is. An identity is the keyed hash of a helpdesk's identifier, an e-mail address, a telephone number or
-- another system's identifier. Every customer_hash of the tables below has a row here; a person's rows name one of them, the
-- person's own, which is also what a transaction locks before it reads or changes what concerns this person. Locking counts
-- that row's revision up: what was read of a person at one revision still holds while the revision is the same.
CREATE TABLE identities (
    tenant TEXT NOT NULL,
    identity_hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    person TEXT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, identity_hash)
);
CREATE INDEX identities_of_person ON identities (tenant, person);
INSERT INTO identities (tenant, identity_hash, kind, person)
    SELECT tenant, customer_hash, 'customer', customer_hash FROM tickets
    UNION SELECT tenant, customer_hash, 'customer', customer_hash FROM contacts;

-- Why two identities are one person; append only but for the undoing. Persons are what active rows connect.
CREATE TABLE identity_merges (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    identity_a TEXT NOT NULL,
    identity_b TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    merged_at BIGINT NOT NULL,
    undone_at BIGINT,
    undone_by TEXT,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX identity_merges_a ON identity_merges (tenant, identity_a);
CREATE INDEX identity_merges_b ON identity_merges (tenant, identity_b);
CREATE INDEX identity_merges_by_time ON identity_merges (tenant, merged_at);

-- What was removed when a customer was erased; nothing here tells who it was. report: JSON, rows by table.
CREATE TABLE erasures (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    erased_at BIGINT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- author: customer, agent or system. kind: substantive, thanks, auto_reply, bounce, survey_reply, spam, agent_created.
-- kind_rule: why it was taken for that. category_is_certain: whether the category may be set without a person.
-- embedding: the text's vector in bytes, base64; personal data like the text it came from.
-- follow_up_id: the follow-up this contact answers.
ALTER TABLE contacts ADD COLUMN author TEXT NOT NULL DEFAULT 'customer';
ALTER TABLE contacts ADD COLUMN kind TEXT NOT NULL DEFAULT 'substantive';
ALTER TABLE contacts ADD COLUMN kind_rule TEXT;
ALTER TABLE contacts ADD COLUMN category TEXT;
ALTER TABLE contacts ADD COLUMN category_is_certain BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN embedding TEXT;
ALTER TABLE contacts ADD COLUMN follow_up_id TEXT;
CREATE INDEX contacts_of_customer ON contacts (tenant, customer_hash, occurred_at);
CREATE INDEX contacts_of_ticket ON contacts (tenant, ticket_id, occurred_at);

ALTER TABLE tickets ADD COLUMN reopens BIGINT NOT NULL DEFAULT 0;

-- The unit of every rate: one issue of one customer from its opening to its close. Number counts a ticket's episodes
-- from 1; a ticket that is reopened and closed again, or whose thread turns to another issue, has several.
-- ended_by: closing or topic_change. is_parallel: the customer had another open ticket at the close. is_outage: many
-- customers came with the same category at the same time.
CREATE TABLE episodes (
    tenant TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    customer_hash TEXT NOT NULL,
    category TEXT NOT NULL,
    team TEXT,
    channel TEXT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    ended_by TEXT NOT NULL,
    is_parallel BIGINT NOT NULL DEFAULT 0,
    is_outage BIGINT NOT NULL DEFAULT 0,
    embedding TEXT,
    PRIMARY KEY (tenant, ticket_id, number)
);
CREATE INDEX episodes_of_customer ON episodes (tenant, customer_hash, closed_at);
CREATE INDEX episodes_by_close ON episodes (tenant, closed_at);
CREATE INDEX episodes_of_category ON episodes (tenant, category, closed_at);

-- Every substantive contact of the same person within the longest window after an episode's close, derived from contacts
-- and tickets. The outcome for a window follows: see outcome::Outcome::of. source: contact or ticket (an opening without
-- a recorded contact) or reopening. relation: explicit, implicit, unrelated, induced. Gap is in milliseconds.
CREATE TABLE recontacts (
    tenant TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    episode BIGINT NOT NULL,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    gap_ms BIGINT NOT NULL,
    relation TEXT NOT NULL,
    primary_category TEXT NOT NULL,
    category TEXT,
    similarity DOUBLE PRECISION,
    derived_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, ticket_id, episode, source, source_id)
);
CREATE INDEX recontacts_of_pair ON recontacts (tenant, primary_category, category);

-- What changed an outcome after the episode was first derived; append only. cause: late_contact, contact, late_closing, merge,
-- unmerge, adjacency, erasure. before and after: JSON, the outcome per window.
CREATE TABLE outcome_changes (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    episode BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    cause TEXT NOT NULL,
    before_json TEXT NOT NULL,
    after_json TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX outcome_changes_of_ticket ON outcome_changes (tenant, ticket_id, changed_at);

-- What a person says the outcome was; the derived one stays beside it, the newest correction counts. Append only.
CREATE TABLE outcome_corrections (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    episode BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    gap_ms BIGINT,
    cause_code TEXT,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX outcome_corrections_of_ticket ON outcome_corrections (tenant, ticket_id, episode, recorded_at);

-- Which category follows which, from mature episodes only; replaced as a whole when it is computed anew.
CREATE TABLE next_issues (
    tenant TEXT NOT NULL,
    primary_category TEXT NOT NULL,
    secondary_category TEXT NOT NULL,
    window_days BIGINT NOT NULL,
    body TEXT NOT NULL,
    computed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, primary_category, secondary_category, window_days)
);

-- How to prevent the next issue of a primary category; one row per version, never changed. status: proposed, active, retired.
CREATE TABLE plans (
    tenant TEXT NOT NULL,
    category TEXT NOT NULL,
    version BIGINT NOT NULL,
    status TEXT NOT NULL,
    author TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    review_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, category, version)
);

-- Who is followed up at random. Share and window are fixed for the life of an experiment.
CREATE TABLE experiments (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    treatment_share DOUBLE PRECISION NOT NULL,
    window_days BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
);
-- One runs at a time.
CREATE UNIQUE INDEX experiments_running ON experiments (tenant) WHERE ended_at IS NULL;

-- The arm of a customer (treatment or control), fixed when first needed.
CREATE TABLE assignments (
    tenant TEXT NOT NULL,
    experiment_id TEXT NOT NULL,
    customer_hash TEXT NOT NULL,
    arm TEXT NOT NULL,
    assigned_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, experiment_id, customer_hash)
);

-- Flagged closings of both arms. status: waiting, held_out (control), suppressed (frequency cap or opt-out), claimed, done,
-- snoozed, disagreed, not_needed, expired. version counts changes, for optimistic locking. The team is '' where a ticket has none.
-- A held-out row with a status_reason would have been suppressed for it. expected_benefit is what the queue is ordered by.
CREATE TABLE follow_ups (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    episode BIGINT NOT NULL,
    experiment_id TEXT NOT NULL,
    customer_hash TEXT NOT NULL,
    arm TEXT NOT NULL,
    team TEXT NOT NULL,
    category TEXT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    expected_benefit DOUBLE PRECISION NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    available_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    is_after_gap BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    claimed_by TEXT,
    handled_at BIGINT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX follow_ups_of_episode ON follow_ups (tenant, ticket_id, episode);
CREATE INDEX follow_ups_of_team ON follow_ups (tenant, team, status, available_at);
CREATE INDEX follow_ups_handled ON follow_ups (tenant, team, handled_at);
CREATE INDEX follow_ups_by_expiry ON follow_ups (tenant, status, expires_at);
CREATE INDEX follow_ups_of_customer ON follow_ups (tenant, customer_hash, created_at);
CREATE INDEX follow_ups_of_experiment ON follow_ups (tenant, experiment_id, customer_hash, id);

-- One row per team that ever claimed a follow-up: a claim locks it, so that a team's capacity holds whoever claims at once.
CREATE TABLE follow_up_teams (
    tenant TEXT NOT NULL,
    team TEXT NOT NULL,
    PRIMARY KEY (tenant, team)
);

-- Every step of a follow-up; append only.
CREATE TABLE follow_up_events (
    tenant TEXT NOT NULL,
    follow_up_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    occurred_at BIGINT NOT NULL,
    action TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT,
    body TEXT,
    PRIMARY KEY (tenant, follow_up_id, version)
);

-- Customers who do not want to be scored or contacted, and those who wanted so once: an opt-out holds while withdrawn_at is null.
CREATE TABLE opt_outs (
    tenant TEXT NOT NULL,
    customer_hash TEXT NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    opted_out_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    withdrawn_by TEXT,
    PRIMARY KEY (tenant, customer_hash)
);

-- An assessment belongs to an episode: a ticket that is closed again is assessed again.
CREATE TABLE assessments_by_episode (
    tenant TEXT NOT NULL,
    ticket_id TEXT NOT NULL,
    episode BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    model_version TEXT NOT NULL,
    inputs_sha256 TEXT NOT NULL,
    assessed_at BIGINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    band TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, ticket_id, episode),
    FOREIGN KEY (tenant, ticket_id) REFERENCES tickets (tenant, id)
);
INSERT INTO assessments_by_episode
    (tenant, ticket_id, episode, closed_at, model_version, inputs_sha256, assessed_at, probability, band, body)
    SELECT tenant, ticket_id, 1, closed_at, model_version, inputs_sha256, assessed_at, probability, band, body
    FROM assessments;
DROP TABLE assessments;
ALTER TABLE assessments_by_episode RENAME TO assessments;
CREATE INDEX assessments_by_closing ON assessments (tenant, closed_at, ticket_id);
CREATE INDEX assessments_of_band ON assessments (tenant, band, closed_at, ticket_id);

-- Tickets closed before this version have their closings as episodes; their recontacts are derived on the next start.
INSERT INTO episodes (tenant, ticket_id, number, customer_hash, category, opened_at, closed_at, ended_by)
    SELECT tenant, id, 1, customer_hash, category, opened_at, closed_at, 'closing'
    FROM tickets WHERE closed_at IS NOT NULL AND category IS NOT NULL;
