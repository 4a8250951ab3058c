"""The tests: unit, actors, integration, acceptance, conformance, chaos."""
