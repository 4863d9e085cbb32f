-- What the pages read of many closings at once. All of it is counted from other tables, day by day with kpi_days, and changed in
-- the same transactions.

-- The closings of a local day and team in columns; body: kpi::CountedClosings. The team is '' where there is none.
CREATE TABLE kpi_closings (
    tenant TEXT NOT NULL,
    day BIGINT NOT NULL,
    team TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, day, team)
);

-- What raised the risks of a local day and team by version of the risk model; body: JSON, risk::report::ReasonTally.
CREATE TABLE kpi_reasons (
    tenant TEXT NOT NULL,
    day BIGINT NOT NULL,
    team TEXT NOT NULL,
    model_version TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, day, team, model_version)
);

-- The flagged closings of a local day by experiment; body: JSON, a list of kpi::FlaggedClosing.
CREATE TABLE kpi_flagged (
    tenant TEXT NOT NULL,
    day BIGINT NOT NULL,
    experiment_id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, day, experiment_id)
);
CREATE INDEX kpi_flagged_of_experiment ON kpi_flagged (tenant, experiment_id);

-- Months that were added up from their days, by dimension: the first day and the day after the last one. Whoever counts a day of a
-- month anew takes the month's row away in the same transaction; without it its sums below mean nothing.
CREATE TABLE kpi_months (
    tenant TEXT NOT NULL,
    dimension TEXT NOT NULL,
    first_day BIGINT NOT NULL,
    end_day BIGINT NOT NULL,
    PRIMARY KEY (tenant, dimension, first_day)
);

-- The sums of such a month: as kpi_days and kpi_values, by the month's first day.
CREATE TABLE kpi_month_days (
    tenant TEXT NOT NULL,
    dimension TEXT NOT NULL,
    first_day BIGINT NOT NULL,
    label TEXT NOT NULL,
    tally TEXT NOT NULL,
    open_change BIGINT NOT NULL,
    PRIMARY KEY (tenant, dimension, first_day, label)
);
CREATE TABLE kpi_month_values (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    dimension TEXT NOT NULL,
    first_day BIGINT NOT NULL,
    label TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, dimension, first_day, label)
);

-- The best follow-ups of a status are read without sorting all of them.
CREATE INDEX follow_ups_by_benefit ON follow_ups (tenant, status, expected_benefit DESC, id);
