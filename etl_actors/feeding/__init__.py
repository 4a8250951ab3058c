"""Files become staged rows: read in blocks, cut into lines, judged, wrapped, and handed over in chunks.

The way of a line: `inputs` reads blocks, `lines` cuts them, `document` judges each one (with `syntax` and `numbers` for what
the fast path is not sure of), `raw` wraps what is no JSON, `chunk` gathers rows and hands them over, `feeder` leads.
"""
