"""Versions of slips in a daemon that runs: edits take effect, broken ones do not, and rows wait for a slip that others have."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from etl_actors.settings import load_settings
from etl_actors.versions.rollout import Effect, apply
from tests.support.daemon import environment, etl, named, running, stage, wait_until

_NOTE = """\
name   = "note"
source = "{source}"
[tables.note]
key = ["id"]
columns.id   = "id | int"
columns.text = "{text}"
"""


@dataclass
class _Place:
    """A database and folders of slips, with one daemon a folder."""

    url: str
    root: Path
    kind: str = "thread"  # of workers: those are there at once
    _logs: dict[str, Path] = field(default_factory=dict)

    def write(self, text: str, folder: str = "slips", name: str = "note") -> None:
        slip = self.root / folder / name
        slip.mkdir(parents=True, exist_ok=True)
        (slip / "slip.toml").write_text(text)

    def note(self, text: str = "text | text", source: str = "notes", folder: str = "slips") -> None:
        self.write(_NOTE.format(text=text, source=source), folder)

    def plain(self, name: str, source: str, more: str = "", folder: str = "slips") -> None:
        table = f'[tables.{name}]\ncolumns.n = "n | int"\n'
        self.write(f'name = "{name}"\nsource = "{source}"\n{more}\n{table}', folder, name)

    def env(self, folder: str = "slips", **settings: object) -> dict[str, str]:
        return environment(self.url, self.root / folder, workers=1, worker_kind=self.kind, **settings)

    def log(self, folder: str = "slips") -> Path:
        return self.root / f"{folder}.log"

    @contextmanager
    def daemon(self, folder: str = "slips") -> Iterator[Any]:
        with running("run", env=self.env(folder), log=self.log(folder)) as process:
            self.await_event("daemon.started", folder)
            wait_until(lambda: len(self.daemons()) > 0, "the daemon registers")
            yield process

    def says(self, event: str, folder: str = "slips", **keys: object) -> bool:
        return any(keys.items() <= entry.items() for entry in named(self.log(folder), event))

    def await_event(self, event: str, folder: str = "slips", **keys: object) -> dict[str, Any]:
        wait_until(lambda: self.log(folder).exists() and self.says(event, folder, **keys), f"{event} {keys}")
        return next(entry for entry in named(self.log(folder), event) if keys.items() <= entry.items())

    def stage(self, *notes: tuple[int, str], source: str = "notes") -> None:
        stage(self.url, [json.dumps({"id": key, "text": text}) for key, text in notes], source)

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as conn:
            return conn.execute(query).fetchall()

    def texts(self) -> list[str]:
        try:
            return [text for (text,) in self.ask("SELECT text FROM note ORDER BY id")]
        except psycopg.errors.UndefinedTable:
            return []

    def daemons(self) -> list[dict[str, Any]]:
        return [slips for (slips,) in self.ask("SELECT slips FROM etl.daemon ORDER BY node")]

    def await_texts(self, *texts: str) -> None:
        wait_until(lambda: self.texts() == list(texts), f"the texts are {texts}")

    def rollout(self, folder: str = "slips", **options: Any) -> Any:
        settings = load_settings(None, self.env(folder))
        return apply(self.url, settings, **options)


@pytest.fixture
def place(database: str, tmp_path: Path) -> _Place:
    return _Place(database, tmp_path)


def test_an_edit_takes_effect_on_sighup_and_the_rows_there_keep_their_digest(place: _Place) -> None:
    place.kind = "process"
    place.note()
    with place.daemon() as daemon:
        place.stage((1, "one"))
        place.await_texts("one")
        place.note("text | upper | text")
        daemon.send_signal(signal.SIGHUP)
        place.await_event("slips.reloaded", slips=1, broken=0)
        place.stage((2, "two"))
        place.await_texts("one", "TWO")
    digests = place.ask("SELECT b.slip_digest FROM note n JOIN etl.batch b ON b.batch_id = n._batch_id ORDER BY n.id")
    stored = place.ask("SELECT digest, active FROM etl.slip ORDER BY first_seen")
    assert [(digest, active) for (digest,), active in zip(digests, (False, True), strict=True)] == stored


def test_a_broken_edit_leaves_the_last_good_version_in_force_until_it_is_mended(place: _Place) -> None:
    place.note()
    with place.daemon() as daemon:
        first = place.await_event("slip.loaded")["digest"]
        place.note("text | uper | text")
        daemon.send_signal(signal.SIGHUP)
        told = place.await_event("slip.broken", slip="note", digest=first)
        assert told["level"] == "error"
        assert "slip.toml:6:" in told["error"]
        assert "there is no step `uper`" in told["error"]
        place.stage((1, "one"))
        place.await_texts("one")
        wait_until(lambda: "problem" in place.daemons()[0]["note"], "it tells the others of it, which is after it has logged it")
        (said,) = place.daemons()
        assert said["note"]["digest"] == first
        assert "`uper`" in said["note"]["problem"]
        shown = etl("status", env=place.env())
        assert "Slip note is broken there" in shown.stdout
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: len(named(place.log(), "slips.reloaded")) == 2, "the folders are read again")
        assert len(named(place.log(), "slip.broken")) == 1, "what is known is not told again"
        place.note("text | upper | text")
        daemon.send_signal(signal.SIGHUP)
        wait_until(lambda: len(named(place.log(), "slips.reloaded")) == 3, "the folders are read again")
        assert len(named(place.log(), "slip.loaded")) == 2
        place.stage((2, "two"))
        place.await_texts("one", "TWO")


def test_other_types_than_the_table_has_are_a_broken_edit_too(place: _Place) -> None:
    place.note()
    with place.daemon() as daemon:
        place.note("id | int")
        daemon.send_signal(signal.SIGHUP)
        told = place.await_event("slip.broken")
        assert "makes public.note.text an integer, but in the database it is a text" in told["error"]
        place.stage((1, "one"))
        place.await_texts("one")


def test_a_slip_whose_folder_is_gone_is_retired_and_its_rows_are_rejected_then(place: _Place) -> None:
    place.note()
    place.plain("other", "others")
    with place.daemon() as daemon:
        (place.root / "slips" / "note" / "slip.toml").unlink()
        daemon.send_signal(signal.SIGHUP)
        place.await_event("slip.retired", slip="note")
        place.await_event("slips.reloaded")
        place.stage((1, "one"))
        wait_until(lambda: place.ask("SELECT reason FROM etl.reject") == [("no_slip",)], "it is rejected")
    assert place.ask("SELECT name FROM etl.slip WHERE active") == [("other",)]


def test_slips_apply_stores_makes_tables_and_rings_every_daemon(place: _Place) -> None:
    place.note()
    with ExitStack() as stack:
        stack.enter_context(place.daemon())
        (place.root / "same").symlink_to(place.root / "slips")
        stack.enter_context(place.daemon("same"))
        wait_until(lambda: len([said for said in place.daemons() if said]) == 2, "both daemons are there")
        place.write(_NOTE.format(source="notes", text="text | upper | text") + 'columns.more = "more | int"\n')
        done = place.rollout()
        (applied,) = done.slips
        assert (applied.name, applied.effect, applied.tables) == ("note", Effect.CHANGED, ("public.note",))
        for folder in ("slips", "same"):
            place.await_event("slip.loaded", folder, digest=applied.digest)
        wait_until(lambda: [said["note"]["digest"] for said in place.daemons()] == [applied.digest] * 2, "both say so")
    assert place.rollout().slips[0].effect is Effect.UNCHANGED


def test_daemons_with_different_versions_are_reported(place: _Place) -> None:
    place.note()
    place.note("text | upper | text", folder="newer")
    with place.daemon(), place.daemon("newer"):
        told = place.await_event("slips.differ", slip="note")
        versions = {said["note"]["digest"][:8] for said in place.daemons()}
        assert len(versions) == 2
        assert all(version in told["versions"] for version in versions)
        shown = json.loads(etl("status", "--json", env=place.env()).stdout)
        assert [each["slip"] for each in shown["differing"]] == ["note"]
        assert len(shown["daemons"]) == 2
        assert "different versions of slip note" in etl("status", env=place.env()).stdout


def test_a_daemon_starts_with_a_broken_file_if_a_good_version_is_stored(place: _Place) -> None:
    place.note()
    assert etl("run", "--once", env=place.env()).returncode == 0
    place.write('name = "note"\nsource = "notes"\n[tables.note\n')
    place.stage((1, "one"))
    done = etl("run", "--once", env=place.env())
    assert done.returncode == 0, done.stderr
    assert "slip.broken" in done.stderr
    assert place.texts() == ["one"]


def test_a_daemon_with_a_broken_file_and_nothing_stored_does_not_start(place: _Place) -> None:
    place.note("text | uper | text")
    done = etl("run", "--once", env=place.env())
    assert done.returncode == 1
    assert "there is no step `uper`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_daemon_that_lacks_a_slip_leaves_its_rows_to_the_one_that_has_it(place: _Place) -> None:
    place.note()
    place.plain("other", "others", folder="others")
    assert etl("run", "--once", env=place.env()).returncode == 0
    with psycopg.connect(place.url) as conn:
        for slip, source in ((None, "notes"), ("note", "notes"), (None, "zoo")):
            conn.execute(
                "INSERT INTO etl.staging (source, slip, payload) VALUES (%s, %s, %s)", [source, slip, '{"id": 1, "text": "one"}']
            )
    done = etl("run", "--once", env=place.env("others"))
    assert done.returncode == 1, "rows are left"
    assert "its rows wait" in done.stderr
    assert place.ask("SELECT s.source, r.reason FROM etl.reject r JOIN etl.staging s USING (row_id)") == [("zoo", "no_slip")]
    assert etl("run", "--once", env=place.env()).returncode == 0
    assert place.texts() == ["one"]


def test_rows_that_none_of_our_predicates_takes_wait_for_the_other_daemons_slip(place: _Place) -> None:
    place.plain("cat", "pets", "when = \"kind == 'cat'\"", folder="cats")
    place.plain("dog", "pets", "when = \"kind == 'dog'\"", folder="dogs")
    for folder in ("cats", "dogs"):
        assert etl("run", "--once", env=place.env(folder)).returncode == 0
    stage(place.url, [json.dumps({"kind": ["cat", "dog"][n % 2], "n": n}) for n in range(100)], "pets")
    assert etl("run", "--once", env=place.env("cats")).returncode == 1
    assert place.ask("SELECT count(*) FROM etl.reject") == [(0,)]
    assert etl("run", "--once", env=place.env("dogs")).returncode == 0
    assert place.ask("SELECT (SELECT count(*) FROM cat), (SELECT count(*) FROM dog)") == [(50, 50)]


def test_rows_of_a_new_slip_that_is_broken_wait_until_it_is_mended(place: _Place) -> None:
    place.plain("other", "others")
    with place.daemon() as daemon:
        place.note("text | uper | text")
        daemon.send_signal(signal.SIGHUP)
        place.await_event("slip.broken", slip="note", digest=None)
        place.await_event("slips.reloaded")
        place.stage((1, "one"))
        place.await_event("source.unmatched", source="notes")
        place.note()
        daemon.send_signal(signal.SIGHUP)
        place.await_texts("one")
    assert place.ask("SELECT count(*) FROM etl.reject") == [(0,)]


def test_a_slip_that_is_in_no_folder_any_more_can_be_retired(place: _Place) -> None:
    place.note()
    place.plain("other", "others", folder="others")
    assert etl("run", "--once", env=place.env()).returncode == 0
    done = place.rollout("others")
    assert done.elsewhere == ("note",)
    place.stage((1, "one"))
    assert place.rollout("others", retiring=["note"]).retired == ("note",)
    assert etl("run", "--once", env=place.env("others")).returncode == 0
    assert place.ask("SELECT reason FROM etl.reject") == [("no_slip",)]


def test_code_of_a_slip_that_cannot_be_imported_is_a_broken_edit(place: _Place) -> None:
    place.note("text | loud | text")
    place.kind = "process"
    steps = place.root / "slips" / "note" / "steps.py"
    good = "from etl_actors import step\n\n@step\ndef loud(value: str) -> str:\n    return value.upper()\n"
    steps.write_text(good)
    with place.daemon() as daemon:
        first = place.await_event("slip.loaded")["digest"]
        steps.write_text("import no_such_module\n" + good)
        daemon.send_signal(signal.SIGHUP)
        told = place.await_event("slip.broken", digest=first)
        assert "no_such_module" in told["error"]
        place.stage((1, "one"))
        place.await_texts("ONE")


def test_stored_code_is_not_run_unless_the_same_is_installed(place: _Place) -> None:
    place.note("text | loud | text")
    place.kind = "process"
    steps = place.root / "slips" / "note" / "steps.py"
    good = "from etl_actors import step\n\n@step\ndef loud(value: str) -> str:\n    return value.upper()\n"
    steps.write_text(good)
    assert etl("run", "--once", env=place.env()).returncode == 0
    place.note("text | loud | txt")
    place.stage((1, "one"))
    assert etl("run", "--once", env=place.env()).returncode == 0, "the stored version, whose code is that of the folder"
    assert place.texts() == ["ONE"]
    steps.write_text(good + "# another\n")
    done = etl("run", "--once", env=place.env())
    assert done.returncode == 1
    assert "`txt`" in done.stderr


def test_daemons_that_give_a_slip_up_at_the_same_time_let_no_row_wait_for_it(place: _Place) -> None:
    place.note()
    place.plain("other", "others")
    (place.root / "same").symlink_to(place.root / "slips")
    with place.daemon(), place.daemon("same"):
        wait_until(lambda: len([said for said in place.daemons() if said]) == 2, "both daemons are there")
        (place.root / "slips" / "note" / "slip.toml").unlink()
        place.rollout()
        for folder in ("slips", "same"):
            place.await_event("slip.retired", folder, slip="note")
            place.await_event("slips.reloaded", folder, slips=1)
        wait_until(lambda: place.ask("SELECT name FROM etl.slip WHERE active") == [("other",)], "it is active no more")
        place.stage((1, "one"))
        wait_until(lambda: place.ask("SELECT reason FROM etl.reject") == [("no_slip",)], "it is rejected")


def test_a_ring_by_hand_has_the_folders_read(place: _Place) -> None:
    place.note()
    with place.daemon():
        place.await_event("slip.loaded")
        place.note("text | upper | text")
        wait_until(lambda: len(place.ask("SELECT FROM pg_stat_activity WHERE application_name ~ 'listener'")) == 1, "it listens")
        place.ask("SELECT pg_notify('etl_slips', '')")
        wait_until(lambda: len(named(place.log(), "slip.loaded")) == 2, "the edit is in force")
