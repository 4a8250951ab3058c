"""Benchmarks as ratios: the service against a named rival or limit, in turns, on one server with fsync."""
