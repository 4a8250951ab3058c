-- Dead letters and traces, found by index however many there are.

-- What is open is listed newest first, whatever was settled since; by its status alone a list would read all that was.
CREATE INDEX reject_open ON etl.reject (reject_id) WHERE status = 'open';

-- Whether any is open of rows that retention would remove: by the row alone it would read all that were ever settled of them.
CREATE INDEX reject_open_by_row ON etl.reject (row_id) WHERE status = 'open';

-- Rejects are appended in the order of time: a summary of ranges tells which pages to read, and costs an insert nothing.
CREATE INDEX reject_by_time ON etl.reject USING brin (created_at) WITH (pages_per_range = 32);

-- For the trace of a row: batches that held it and did not settle it.
CREATE INDEX batch_released_by_row ON etl.batch USING gist (int8range(row_lo, row_hi, '[]')) WHERE status = 'released';

-- For one batch, shown whole: what it was split into.
CREATE INDEX batch_by_parent ON etl.batch (parent_id) WHERE parent_id IS NOT NULL;
