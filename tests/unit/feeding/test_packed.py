"""What is packed is unpacked as far as it goes, in bounded memory, and says where it broke off."""

import gzip
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
import zstandard

from etl_actors.feeding.packed import BrokenOff, Gunzip, Unzstd

TEXT = b"".join(b'{"n": %d, "x": "%s"}\n' % (n, random.Random(n).randbytes(20).hex().encode()) for n in range(5_000))
PACKERS = [(gzip.compress, Gunzip), (zstandard.ZstdCompressor(write_checksum=True).compress, Unzstd)]
both = pytest.mark.parametrize(("pack", "unpacker"), PACKERS, ids=["gzip", "zstd"])


def unpacked(unpacker: Any, packed: bytes, size: int = 100_000) -> tuple[bytes, str]:
    stream = unpacker(io.BytesIO(packed).read1)
    text = bytearray()
    try:
        while block := stream.read1(size):
            text += block
    except BrokenOff as broken:
        return bytes(text), str(broken)
    return bytes(text), ""


@both
def test_members_follow_on_one_another(pack: Callable[[bytes], bytes], unpacker: Any) -> None:
    assert unpacked(unpacker, pack(TEXT) + pack(b"") + pack(b"end")) == (TEXT + b"end", "")
    assert unpacked(unpacker, b"") == (b"", "")


@both
def test_what_is_cut_off_gives_all_that_was_there(pack: Callable[[bytes], bytes], unpacker: Any) -> None:
    packed = pack(TEXT)
    text, said = unpacked(unpacker, packed[: len(packed) * 3 // 4])
    assert TEXT.startswith(text)
    assert len(text) > len(TEXT) // 3
    assert said.endswith("data ends too early")
    assert unpacked(unpacker, packed + packed[:3])[0] == TEXT


@both
def test_what_is_damaged_gives_what_stood_before(pack: Callable[[bytes], bytes], unpacker: Any) -> None:
    packed = bytearray(pack(b'{"a": 1}\n'))
    packed[-7 if unpacker is Gunzip else -2] ^= 1  # the checksum
    text, said = unpacked(unpacker, bytes(packed))
    assert text == b'{"a": 1}\n'
    assert "data is damaged (" in said
    assert unpacked(unpacker, pack(TEXT) + b"no such thing")[0] == TEXT


def test_padding_of_gzip_and_frames_of_zstd_that_are_to_be_skipped_are_passed_over() -> None:
    assert unpacked(Gunzip, gzip.compress(b"x") + bytes(100_000)) == (b"x", "")
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    assert unpacked(Unzstd, skipped + PACKERS[1][0](b"x")) == (b"x", "")


def test_a_block_is_bounded_whatever_was_packed_into_it() -> None:
    zeros = bytes(300_000_000)
    gunzip = Gunzip(io.BytesIO(gzip.compress(zeros, 1)).read1)
    assert len(gunzip.read1(1_000_000)) <= 1_000_000
    unzstd = Unzstd(io.BytesIO(zstandard.ZstdCompressor().compress(zeros)).read1)
    assert len(unzstd.read1(1_000_000)) < 100_000_000
