"""``etl-actors rejects``: a file a command, beside what they share."""
