"""``etl-actors slips``: a file a command, beside what they share."""
