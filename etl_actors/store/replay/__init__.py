"""Replays: ordered, handed out a window at a time, landed in the place of what was there, and shown before that."""
