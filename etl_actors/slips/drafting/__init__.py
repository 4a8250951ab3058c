"""Slips that are written for people: to begin with, or from what was seen of documents."""
