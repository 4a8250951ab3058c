"""Files and tables become staged rows: read in blocks, cut into documents, judged, wrapped, and handed over in chunks.

The way of a file: `inputs` reads blocks (`packed` unpacks them), `file_rows` leads them through `line_rows`, `json_rows` or
`csv_rows`, which cut (`lines`, `elements`, `records`) and judge (`document`, with `syntax` and `numbers` for what the fast path
is not sure of); `raw` wraps what is no JSON, `chunk` gathers rows and hands them over, `feeder` leads. `table_rows` does for a
table what `file_rows` does for a file.
"""
