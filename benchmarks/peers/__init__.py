"""Rivals that are programs of their own: their environment, and the scripts that run in it."""
