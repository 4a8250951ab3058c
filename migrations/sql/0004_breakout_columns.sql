-- Which column of a break-out holds what of the documents.

CREATE TABLE etl.breakout_column (
    slip        text NOT NULL,
    target      text NOT NULL,
    column_name text NOT NULL,
    type        text NOT NULL,
    path        text NOT NULL,
    kind        text NOT NULL,
    position    bigint NOT NULL,
    PRIMARY KEY (slip, target, column_name)
);
COMMENT ON TABLE etl.breakout_column IS
    'Of each slip that breaks documents out, by its version in force: which column holds what of the documents.';
COMMENT ON COLUMN etl.breakout_column.target IS 'The table, as schema.name.';
COMMENT ON COLUMN etl.breakout_column.path IS 'From the document on, as RFC 9535 has it: $.offers[*].by';
COMMENT ON COLUMN etl.breakout_column.kind IS
    'Which values of that place: number, quoted (numbers that are texts there), text, boolean, json, scalar (any, as its text), reference (the _id of the entity that is there); rest: what the other columns do not say of an item; key: the name of the member that the path leads to; given: what the expression makes that stands in the place of the path.';
COMMENT ON COLUMN etl.breakout_column.position IS 'Among all columns of the slip, table by table, from 1.';

GRANT SELECT ON etl.breakout_column TO etl_service, etl_operator, etl_reader;
GRANT INSERT, UPDATE, DELETE ON etl.breakout_column TO etl_service;
