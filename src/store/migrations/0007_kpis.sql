-- Key figures: days counted in advance, and what has changed since.

-- Something of this day (UTC, in days since 1970) has changed and the local days that overlap it have to be counted anew. Append
-- only, without a key: whoever changes something adds a row in the same transaction and waits for nobody; whoever counts a
-- day deletes the rows that it sees before it reads.
CREATE TABLE kpi_changes (
    tenant TEXT NOT NULL,
    day BIGINT NOT NULL
);
CREATE INDEX kpi_changes_by_day ON kpi_changes (tenant, day);

-- What was counted of a local day (days since 1970) in one slice: dimension is all, team, category, channel or segment, label its
-- value, '' where it is not known. tally: the columns of kpi::Tally in order. open_change: tickets opened and opened again less
-- those closed, once more by itself, since what is open is a sum over all days before.
CREATE TABLE kpi_days (
    tenant TEXT NOT NULL,
    dimension TEXT NOT NULL,
    day BIGINT NOT NULL,
    label TEXT NOT NULL,
    tally TEXT NOT NULL,
    open_change BIGINT NOT NULL,
    PRIMARY KEY (tenant, dimension, day, label)
);

-- What does not add up: durations in seconds, and which customers came back (numbers that lead to nobody without the key).
-- kind: response, resolution, customers.
CREATE TABLE kpi_values (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    dimension TEXT NOT NULL,
    day BIGINT NOT NULL,
    label TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, dimension, day, label)
);

-- A ticket that changes its channel is looked up among the returns that it was.
CREATE INDEX recontacts_by_source ON recontacts (tenant, source_id);

-- Openings and reopenings of a day are found by their time.
CREATE INDEX tickets_by_opening ON tickets (tenant, opened_at);
CREATE INDEX ticket_events_of_reopenings ON ticket_events (tenant, occurred_at) WHERE kind = 'reopening';
