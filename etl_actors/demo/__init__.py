"""A demonstration on input that is real on any machine, and on a shop scraped as scrapers do."""
