-- What documents ask of the tables of a break-out, where somebody is to be asked first (setting `ddl`).
CREATE TABLE etl.breakout_plan (
    slip       text PRIMARY KEY,
    files      jsonb NOT NULL,
    evidence   text NOT NULL,
    why        text NOT NULL,
    planned_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON etl.breakout_plan TO etl_service;
GRANT SELECT ON etl.breakout_plan TO etl_operator;
