"""Files go in whole: every line that is not blank is staged once, in order, in bounded commits."""

import gzip
import io
import os
import re
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from etl_actors.errors import DatabaseUnavailable, EtlError, UsageError
from etl_actors.feeding.csv_rows import Cells
from etl_actors.feeding.cut import Cut
from etl_actors.feeding.feeder import Fed, Feeder
from etl_actors.feeding.format import Format
from etl_actors.feeding.inputs import Input
from etl_actors.feeding.raw import original_bytes
from etl_actors.feeding.stop import Stop


class Staging:
    """Keeps what is staged, commit by commit."""

    def __init__(self) -> None:
        self.commits: list[list[bytes]] = []

    def put(self, payloads: Sequence[bytes]) -> None:
        self.commits.append(list(payloads))

    @property
    def documents(self) -> list[object]:
        return [orjson.loads(row) for commit in self.commits for row in commit]


def _feed(
    *paths: Path | str, form: Format | None = None, chunk_rows: int = 2_000, chunk_bytes: int = 4_000_000
) -> tuple[Fed, Staging]:
    staging = Staging()
    feeder = Feeder(staging.put, Stop(), chunk_rows=chunk_rows, chunk_bytes=chunk_bytes)
    return feeder.feed([Input(str(path), form) for path in paths]), staging


def _file(folder: Path, content: bytes, name: str = "a.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_documents_of_every_kind_are_staged_as_they_stand(tmp_path: Path) -> None:
    fed, staging = _feed(_file(tmp_path, b'{"a": 1}\n[2]\n"3"\n4\nnull'))
    assert staging.commits == [[b'{"a": 1}', b"[2]", b'"3"', b"4", b"null"]]
    assert (fed.staged, fed.raw, fed.blank, fed.last_line) == (5, 0, 0, 5)


def test_blank_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    fed, staging = _feed(_file(tmp_path, b"\n1\r\n \t\r\n\n2\n\n"))
    assert staging.documents == [1, 2]
    assert (fed.staged, fed.blank) == (2, 4)


def test_a_byte_order_mark_is_stripped_at_the_start_of_each_file(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    _, staging = _feed(_file(tmp_path, mark + b"1\n"), _file(tmp_path, mark + b"2\n" + mark + b"3", "b.jsonl"))
    first, second, third = staging.documents
    assert (first, second) == (1, 2)
    assert isinstance(third, dict)
    assert original_bytes(third) == mark + b"3"


def test_an_error_names_the_line_of_its_file(tmp_path: Path) -> None:
    path = _file(tmp_path, b'1\n\n{"half": "li')
    fed, staging = _feed(path)
    raw = staging.documents[1]
    assert isinstance(raw, dict)
    assert raw["$error"] == f"line 3 of {path}, column 13: expected the string's closing quote, got the end of the text"
    assert fed.raw == 1


def test_gzip_is_seen_by_its_content(tmp_path: Path) -> None:
    _, staging = _feed(_file(tmp_path, gzip.compress(b"1\n2\n") + gzip.compress(b"3\n"), "a.jsonl.gz"))
    assert staging.documents == [1, 2, 3]


def test_gzip_that_ends_early_is_an_error_and_all_that_could_be_unpacked_is_staged(tmp_path: Path) -> None:
    staging = Staging()
    packed = gzip.compress(b"".join(b'{"n": %d, "x": "%s"}\n' % (n, os.urandom(20).hex().encode()) for n in range(10_000)))
    feeder = Feeder(staging.put, Stop())
    with pytest.raises(EtlError, match="can be read no further"):
        feeder.feed([Input(str(_file(tmp_path, packed[: len(packed) // 2], "a.jsonl.gz")))])
    assert feeder.fed.staged == len(staging.documents) > 1_000
    assert feeder.fed.raw == 1


def test_zstd_that_ends_early_says_where_and_half_a_line_is_raw_though_it_looks_whole(tmp_path: Path) -> None:
    staging = Staging()
    packer = zstandard.ZstdCompressor().compressobj()
    packed = packer.compress(b'{"n": 1}\n{"n": 2}\n345') + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    path = _file(tmp_path, packed, "a.jsonl.zst")
    feeder = Feeder(staging.put, Stop())
    with pytest.raises(EtlError) as failure:
        feeder.feed([Input(str(path))])
    size = len(packed)
    assert str(failure.value) == f"{path} can be read no further after {size} of its {size} bytes: the zstd data ends too early."
    assert staging.documents[:2] == [{"n": 1}, {"n": 2}]
    assert staging.documents[2] == {
        "$raw": "345",
        "$reason": "cut_short",
        "$error": f"line 3 of {path}: expected the rest of it, got the end of what could be read",
    }
    assert (feeder.fed.staged, feeder.fed.raw) == (3, 1)


def test_of_a_json_file_each_element_is_a_row_with_its_exact_text(tmp_path: Path) -> None:
    path = _file(tmp_path, b'\xef\xbb\xbf[\n  {"a": 1.10,\n   "b": 12345678901234567890123},\n  {"a": nul}, [2]\n]\n', "a.json")
    fed, staging = _feed(path)
    [[first, broken, last]] = staging.commits
    assert (first, last) == (b'{"a": 1.10,    "b": 12345678901234567890123}', b"[2]")
    assert orjson.loads(broken) == {
        "$raw": '{"a": nul}',
        "$reason": "not_json",
        "$error": f"document 2 of {path}, line 4, column 9: expected a JSON value, got 'nul}}'",
    }
    assert (fed.staged, fed.raw, fed.last_line, fed.last_document) == (3, 1, 4, 3)


def test_an_error_within_a_document_of_several_lines_names_its_own_line(tmp_path: Path) -> None:
    _, staging = _feed(_file(tmp_path, b'{"a": 1}\n{\n  "b": +1\n}', "a.json"))
    raw = staging.documents[1]
    assert isinstance(raw, dict)
    assert "document 2 of " in raw["$error"]
    assert ", line 3, column 8: expected a JSON value, got '+1" in raw["$error"]


def test_a_large_json_document_with_a_line_break_in_a_string_is_not_made_whole(tmp_path: Path) -> None:
    text = b'[\n{"a": "' + b"x" * 5_000_000 + b'\ny"},\n{"a": 2}\n]'
    fed, staging = _feed(_file(tmp_path, text, "a.json"))
    assert (fed.staged, fed.raw) == (2, 1)
    assert original_bytes(orjson.loads(staging.commits[0][0])) == text[2:-11]


def test_csv_is_fed_with_the_cells_as_asked(tmp_path: Path) -> None:
    staging = Staging()
    path = _file(tmp_path, b'\xef\xbb\xbfa;b\n1;"x\ny"\n\n2\n3;\n', "a.csv")
    cut = Cut(origin=True)
    fed = Feeder(staging.put, Stop(), cut=cut, cells=Cells(";", "")).feed([Input(str(path))])
    first, ragged, last = staging.documents
    assert first == {"a": "1", "b": "x\ny", "_file": "a.csv", "_line": 2}
    assert isinstance(ragged, dict)
    assert ragged["$raw"] == "2"
    assert last == {"a": "3", "b": None, "_file": "a.csv", "_line": 6}
    assert (fed.staged, fed.raw, fed.blank, fed.last_line) == (3, 1, 1, 6)


def test_a_second_signal_counts_what_is_committed_and_leaves_the_rest(tmp_path: Path) -> None:
    stop = Stop()

    class Hurried(Staging):
        def put(self, payloads: Sequence[bytes]) -> None:
            if len(self.commits) == 2:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGTERM)
            super().put(payloads)

    staging = Hurried()
    feeder = Feeder(staging.put, stop, chunk_rows=10)
    with stop.listening(), pytest.raises(KeyboardInterrupt):
        feeder.feed([Input(str(_file(tmp_path, b"1\n" * 100)))])
    assert (feeder.fed.staged, feeder.underway, len(staging.commits)) == (20, 10, 2)
    assert stop.number == signal.SIGTERM


def test_a_pipe_is_fed_as_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe.json"
    os.mkfifo(path)
    with ThreadPoolExecutor(1) as writer:
        writer.submit(path.write_bytes, b'[{"a": 1}, {"a": 2}]')
        fed, staging = _feed(path)
    assert staging.documents == [{"a": 1}, {"a": 2}]
    assert fed.staged == 2


def test_lines_of_text_are_wrapped(tmp_path: Path) -> None:
    _, staging = _feed(_file(tmp_path, b'GET "/"\r\n\nPOST \xff\n', "a.log"))
    first, second = staging.documents
    assert first == {"message": 'GET "/"'}
    assert isinstance(second, dict)
    assert original_bytes(second) == b"POST \xff"


def test_a_commit_is_bounded_by_rows(tmp_path: Path) -> None:
    _, staging = _feed(_file(tmp_path, b"1\n" * 25), chunk_rows=10)
    assert [len(commit) for commit in staging.commits] == [10, 10, 5]


def test_a_commit_is_bounded_by_bytes_but_for_one_large_document(tmp_path: Path) -> None:
    large = b'"' + b"x" * 100 + b'"'
    _, staging = _feed(_file(tmp_path, b"\n".join([b"1111", large, b"2222", b"3333"])), chunk_bytes=50)
    assert staging.commits == [[b"1111"], [large], [b"2222", b"3333"]]


def test_a_chunk_does_not_outlive_its_file(tmp_path: Path) -> None:
    _, staging = _feed(_file(tmp_path, b"1\n"), _file(tmp_path, b"2\n", "b.jsonl"))
    assert staging.commits == [[b"1"], [b"2"]]


def test_a_large_line_passes_the_blocks(tmp_path: Path) -> None:
    line = b'"' + b"x" * 20_000_000 + b'"'
    _, staging = _feed(_file(tmp_path, b"1\n" + line + b"\n2"))
    assert staging.commits == [[b"1"], [line], [b"2"]]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("{}".encode("utf-16"), "UTF-16 text"),
        (b"\xfe\xff\x00{\x00}", "UTF-16 text"),
        (b"\xff\xfe\x00\x00{\x00\x00\x00", "UTF-32 text"),
        (b"\x00\x00\xfe\xff\x00\x00\x00{", "UTF-32 text"),
        (b"BZh91AY", "bzip2 data"),
        (b"PK\x03\x04", "a zip archive"),
    ],
)
def test_what_is_no_text_is_refused_before_anything_is_staged(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(UsageError, match=f"expected UTF-8 text, plain or packed by gzip or zstd, got {what}"):
        _feed(_file(tmp_path, content))


def test_a_file_that_is_not_there_or_a_folder_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: No such file"):
        Input("nowhere")  # before its extension, which does not tell the format
    with pytest.raises(UsageError, match="No such file"):
        Input(str(tmp_path / "missing.jsonl"))
    with pytest.raises(UsageError, match="expected a file, got a folder"):
        Input(str(tmp_path), Format.JSONL)


def test_an_empty_file_stages_nothing(tmp_path: Path) -> None:
    fed, staging = _feed(_file(tmp_path, b""))
    assert staging.commits == []
    assert (fed.staged, fed.blank, fed.last_line) == (0, 0, 0)


def test_progress_counts_the_bytes_of_all_files(tmp_path: Path) -> None:
    seen: list[int] = []
    first, second = _file(tmp_path, b"1\n2\n"), _file(tmp_path, b"3\n", "b.jsonl")
    feeder = Feeder(Staging().put, Stop(), report=lambda fed: seen.append(fed.read_bytes))
    feeder.feed([Input(str(first)), Input(str(second))])
    assert seen == [4, 6]


def test_a_failing_commit_is_not_tried_again(tmp_path: Path) -> None:
    calls = 0

    def put(_payloads: Sequence[bytes]) -> None:
        nonlocal calls
        calls += 1
        msg = "gone"
        raise DatabaseUnavailable(msg)

    feeder = Feeder(put, Stop())
    with pytest.raises(DatabaseUnavailable):
        feeder.feed([Input(str(_file(tmp_path, b"1\n")))])
    assert (calls, feeder.fed.staged) == (1, 0)


def test_a_slow_writer_need_not_wait_for_a_full_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    remaining = [b"2\n", b"3\nhal"]

    class Writing(Staging):
        def put(self, payloads: Sequence[bytes]) -> None:
            super().put(payloads)
            if remaining:
                os.write(writer, remaining.pop(0))
            elif len(self.commits) == 3:
                os.close(writer)

    os.write(writer, b"1\n")
    with io.TextIOWrapper(io.BufferedReader(io.FileIO(reader))) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        staging = Writing()
        fed = Feeder(staging.put, Stop()).feed([Input("-")])
    assert staging.commits[:3] == [[b"1"], [b"2"], [b"3"]]
    assert (fed.staged, fed.raw) == (4, 1)


def test_ctrl_c_finishes_the_chunk_under_way(tmp_path: Path) -> None:
    class Interrupting(Staging):
        def put(self, payloads: Sequence[bytes]) -> None:
            super().put(payloads)
            if len(self.commits) == 2:
                signal.raise_signal(signal.SIGINT)

    staging, stop = Interrupting(), Stop()
    path = _file(tmp_path, b"1234567\n" * 300_000)
    with stop.listening():
        fed = Feeder(staging.put, stop, chunk_rows=1_000_000, chunk_bytes=700_000).feed([Input(str(path))])
    assert fed.interrupted
    assert fed.staged == len(staging.documents) == fed.last_line
    assert 0 < fed.staged < 300_000


def test_ctrl_c_breaks_into_a_read_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop()

    blocks = [b"1\n2\nhalf"]

    class Waiting(io.RawIOBase):
        name = "waiting"
        mode = "rb"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            if not blocks:
                signal.raise_signal(signal.SIGINT)
                pytest.fail("the signal did not break in")
            block = blocks.pop()
            buffer[: len(block)] = block
            return len(block)

    staging = Staging()
    with io.TextIOWrapper(io.BufferedReader(Waiting())) as stdin, stop.listening():  # type: ignore[type-var]
        monkeypatch.setattr("sys.stdin", stdin)
        fed = Feeder(staging.put, stop).feed([Input("-")])
    assert staging.documents == [1, 2]
    assert (fed.staged, fed.interrupted) == (2, True)


def test_a_second_ctrl_c_is_not_held_up_and_a_third_does_not_break_into_the_ending() -> None:
    stop = Stop()
    with stop.listening():
        signal.raise_signal(signal.SIGINT)
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"").rstrip(b"\r")), max_size=12))
def test_whatever_its_bytes_a_line_becomes_one_row_that_gives_it_back(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    path = _file(tmp_path_factory.mktemp("feed"), b"x\n" + b"\n".join(lines))
    fed, staging = _feed(path)
    documents = [orjson.loads(row) for commit in staging.commits for row in commit]
    kept = [line for line in [b"x", *lines] if line and not line.isspace()]
    assert fed.staged == len(kept)
    for line, row, document in zip(kept, (row for commit in staging.commits for row in commit), documents, strict=True):
        assert row == line or original_bytes(document) == line


# Events of several lines, and where they came from ------------------------------------------------------------------------


_EVENTS = Cut(re.compile(r"^\["), origin=True)


def _cut(path: Path | str, cut: Cut, form: Format | None = None, chunk_rows: int = 2_000) -> tuple[Fed, Staging]:
    staging = Staging()
    return Feeder(staging.put, Stop(), chunk_rows=chunk_rows, cut=cut).feed([Input(str(path), form)]), staging


def test_an_event_of_several_lines_is_one_row_that_says_where_it_began(tmp_path: Path) -> None:
    fed, staging = _cut(_file(tmp_path, b"\n[1] broke\r\n  at a\r\n\r\n[2] fine\r\n", "a.log"), _EVENTS)
    assert staging.documents == [
        {"message": "[1] broke\n  at a", "_file": "a.log", "_line": 2},
        {"message": "[2] fine", "_file": "a.log", "_line": 5},
    ]
    assert (fed.staged, fed.blank, fed.last_line) == (2, 2, 5)


def test_events_are_cut_alike_wherever_the_chunks_end(tmp_path: Path) -> None:
    text = b"".join(b"[%d] a\n  b\n" % number for number in range(50))
    whole = _cut(_file(tmp_path, text, "a.log"), _EVENTS)[1].documents
    for chunk_rows in (1, 7):
        fed, staging = _cut(tmp_path / "a.log", _EVENTS, chunk_rows=chunk_rows)
        assert staging.documents == whole
        assert (fed.staged, fed.last_line) == (50, 100)


def test_a_broken_event_is_kept_raw_as_a_whole(tmp_path: Path) -> None:
    path = _file(tmp_path, b"[1] a\n  \xff\n[2] b\n", "a.log")
    raw, good = _cut(path, _EVENTS)[1].documents
    assert isinstance(raw, dict)
    assert original_bytes(raw) == b"[1] a\n  \xff"
    assert raw["$error"].startswith(f"line 1 of {path}")
    assert good == {"message": "[2] b", "_file": "a.log", "_line": 3}


def test_json_documents_get_their_origin_without_a_byte_of_theirs_changed(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"a": 1.10, "b": 12345678901234567890123} \n{ }\n[1]\n{"_line": "mine"}\n{"half\n')
    _, staging = _cut(path, Cut(re.compile("never"), origin=True))
    assert staging.commits[0][:4] == [
        b'{"a": 1.10, "b": 12345678901234567890123,"_file":"a.jsonl","_line":1}',
        b'{"_file":"a.jsonl","_line":2}',
        b"[1]",
        b'{"_line": "mine","_file":"a.jsonl","_line":4}',
    ]
    assert "$raw" in orjson.loads(staging.commits[0][4])


def test_an_event_that_is_open_in_a_pipe_waits_for_its_end_and_those_before_it_do_not() -> None:
    ours, theirs = os.pipe()
    staging = Staging()
    seen: list[list[object]] = []
    blocks = iter([b"[1] a\n  more\n[2] b\n", b"  more\n", b""])

    class _Slow(Input):
        def _read_block(self) -> bytes:
            seen.append(staging.documents)
            return next(blocks)

    try:
        source = _Slow(f"/dev/fd/{ours}", Format.LINES)
        Feeder(staging.put, Stop(), cut=Cut(re.compile(r"^\["))).feed([source])
    finally:
        os.close(ours)
        os.close(theirs)
    first, second = {"message": "[1] a\n  more"}, {"message": "[2] b\n  more"}
    assert seen == [[], [first], [first]]
    assert staging.documents == [first, second]


def test_an_event_in_which_the_feed_is_stopped_is_not_staged_as_if_it_were_whole(tmp_path: Path) -> None:
    stop = Stop()
    staging = Staging()
    blocks = iter([b"[1] a\n  more\n[2] b\n"])

    class _Stopped(Input):
        def _read_block(self) -> bytes:
            block = next(blocks)
            stop.requested = True
            return block

    path = _file(tmp_path, b"", "a.log")
    fed = Feeder(staging.put, stop, cut=Cut(re.compile(r"^\["))).feed([_Stopped(str(path))])
    assert fed.interrupted
    assert staging.documents == [{"message": "[1] a\n  more"}]
    assert fed.last_line == 2, "whoever goes on begins with line 3"
