"""``etl-actors trace``: of a staged row, of a target row."""
