"""The daemon's HTTP: health, served from a thread beside the actors."""
