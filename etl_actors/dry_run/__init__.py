"""What a replay would change, found without one: the rows are parsed, compared in temp tables, and nothing is kept."""
