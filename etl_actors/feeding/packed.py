"""Compressed files as streams, in bounded memory: what can be unpacked of a broken one is given before the error."""

import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import zstandard

__all__ = ["GZIP", "ZSTD", "BrokenOff", "Gunzip", "Unzstd"]

GZIP = (b"\x1f\x8b",)
# A frame, or one that is to be skipped, with which writers of several threads begin.
ZSTD = (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + n]) + b"\x2a\x4d\x18" for n in range(16)))
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib reads gzip's headers, and checks its sums
_GZIP_BYTES = 64 * 1024
_ZSTD_BYTES = 2 * 1024  # three hostile bytes unpack to 128 kB, and the library has no limit: to some 80 MB in all


class BrokenOff(Exception):
    """The data is cut off or damaged; the text says which, as the end of a sentence."""


Read = Callable[[int], bytes]


class Gunzip:
    """Reads a gzip file of any number of members.

    Args:
        read: returns at most so many bytes of the file as soon as there are any, ``b""`` at its end.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._member: Any = None  # zlib does not name the type
        self._packed = b""
        self._failure: BrokenOff | None = None

    def read1(self, size: int) -> bytes:
        """Return at most about so many bytes of the text, ``b""`` at its end.

        Raises:
            BrokenOff: all that could be unpacked has been returned.
        """
        while self._failure is None:
            self._packed = self._packed or self._read(_GZIP_BYTES)
            if self._member is None:
                if not self._packed:
                    return b""
                self._packed = self._packed.lstrip(b"\0")  # tapes pad files
                if not self._packed:
                    continue
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            text = self._unpack(size) if self._packed else self._cut_off()
            if text:
                return text
        raise self._failure

    def _unpack(self, size: int) -> bytes:
        before = self._member.copy()
        try:
            text: bytes = self._member.decompress(self._packed, size)
        except zlib.error as error:
            self._failure = _damaged("gzip", error)
            return _one_by_one(before.decompress, self._packed, zlib.error)
        self._packed = self._member.unconsumed_tail
        if self._member.eof:
            self._packed, self._member = self._member.unused_data, None
        return text

    def _cut_off(self) -> bytes:
        self._failure = BrokenOff("the gzip data ends too early")
        text: bytes = self._member.flush()
        return text


class Unzstd:
    """Reads a zstd file of any number of frames.

    Args:
        read: returns at most so many bytes of the file as soon as there are any, ``b""`` at its end.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._frame: Any = None
        self._packed = b""
        self._failure: BrokenOff | None = None

    def read1(self, _size: int) -> bytes:
        """Return some of the text, ``b""`` at its end.

        Raises:
            BrokenOff: all that could be unpacked has been returned.
        """
        while self._failure is None:
            self._packed = self._packed or self._read(_ZSTD_BYTES)
            if self._packed:
                text = self._unpack()
                if text:
                    return text
            elif self._frame is None:
                return b""
            else:
                self._failure = BrokenOff("the zstd data ends too early")
        raise self._failure

    def _unpack(self) -> bytes:
        begins = self._frame is None
        if begins:
            self._frame = _frame()
        packed, self._packed = self._packed, b""
        try:
            text: bytes = self._frame.decompress(packed)
        except zstandard.ZstdError as error:
            self._failure = _damaged("zstd", error)
            # Of a damaged frame the library keeps back what the same call had unpacked: all, if the frame is small.
            return _one_by_one(_frame().decompress, packed, zstandard.ZstdError) if begins else b""
        if self._frame.eof:
            self._packed, self._frame = self._frame.unused_data, None
        return text


def _frame() -> Any:
    return zstandard.ZstdDecompressor().decompressobj()


def _one_by_one(unpack: Callable[[bytes], bytes], packed: bytes, error: type[Exception]) -> bytes:
    """Unpack as far as it goes."""
    text = bytearray()
    with suppress(error):
        for at in range(len(packed)):
            text += unpack(packed[at : at + 1])
    return bytes(text)


def _damaged(what: str, error: Exception) -> BrokenOff:
    said = str(error).rpartition(": ")[2].rstrip(".")
    return BrokenOff(f"the {what} data is damaged ({said[:1].lower()}{said[1:]})")
