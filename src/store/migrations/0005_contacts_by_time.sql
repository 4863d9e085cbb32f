-- Monitoring reads the contacts of a window of time; without this index it would read all of them.
CREATE INDEX contacts_by_time ON contacts (tenant, occurred_at);
