"""Which versions of the slips are in force: read at the start, read again while the daemon works, rolled out."""
