"""The header of a safetensors file, read without trusting a number in it and without loading a tensor.

    for name, dtype, shape in read_header(path): ...

A file is 8 bytes (the header's length N, little endian), N bytes of JSON, then the tensors' bytes:
    {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {"key": "text"}}
Each tensor must have the bytes that its shape needs, and together they must fill the file: no gap, no overlap
(a "stride trick", one block of bytes posing as many tensors), nothing behind.

Source: https://github.com/huggingface/safetensors#format. Must refuse whatever the library refuses.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

BITS = {  # the types that torch 2.11 and numpy can read
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
}
MOST_HEADER_BYTES = 2 << 20
MOST_DIMENSIONS = 16
MOST_DIGITS = 15  # of a number: 10^15 bytes are no file
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")  # of batch norm: counted, not learned


class TensorHeaderError(ValueError):
    """The header is not true to the file; the text says what is wrong, without the file's name."""


class TensorInfo(NamedTuple):
    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return _product(self.shape)


def read_header(source: Path | BinaryIO, *, most_bytes: int = MOST_HEADER_BYTES) -> list[TensorInfo]:
    """Name, type and shape of every tensor, in the order of their bytes. Errors: TensorHeaderError."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            return read_header(file, most_bytes=most_bytes)
    length = source.seek(0, os.SEEK_END)
    source.seek(0)
    header_length = int.from_bytes(source.read(8), "little")
    if length < 8 or header_length > length - 8:
        raise TensorHeaderError("the header is longer than the file")
    if header_length > most_bytes:
        raise TensorHeaderError(f"the header has {header_length:,} bytes, at most {most_bytes:,} are read")
    return _tensors(_parsed(source.read(header_length)), length - 8 - header_length)


def count_parameters(tensors: list[TensorInfo]) -> int:
    """How many numbers the model has learned: all but the statistics that batch normalization keeps.

    These are left out only where they are what they say: a counter, or vectors as long as the layer's weight.
    """
    shapes = {tensor.name: tensor.shape for tensor in tensors}
    return sum(tensor.size for tensor in tensors if not _is_statistic(tensor, shapes))


def _is_statistic(tensor: TensorInfo, shapes: dict[str, tuple[int, ...]]) -> bool:
    layer, _, name = tensor.name.rpartition(".")
    if name not in STATISTICS:
        return False
    if name == "num_batches_tracked":
        return tensor.shape == ()
    return len(tensor.shape) == 1 and shapes.get(f"{layer}.weight", tensor.shape) == tensor.shape


def _parsed(data: bytes) -> dict[str, Any]:
    """The JSON of the header, with what JSON leaves open decided: no key twice, whole numbers only."""
    if not data.startswith(b"{"):
        raise TensorHeaderError("the header does not begin with '{'")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_number,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except TensorHeaderError:
        raise
    except (ValueError, RecursionError) as error:
        raise TensorHeaderError(f"the header is not JSON ({type(error).__name__})") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise TensorHeaderError("a key stands twice in the header")
    return record


def _number(text: str) -> int:
    if text.startswith("-") or len(text) > MOST_DIGITS:
        raise TensorHeaderError(f"{text[:20]} is no size")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise TensorHeaderError(f"{text[:20]} is no whole number")


def _tensors(header: dict[str, Any], data_length: int) -> list[TensorInfo]:
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise TensorHeaderError("__metadata__ is not text")
    placed = sorted(_tensor(name, record) for name, record in header.items())
    position = 0
    for begin, end, tensor in placed:
        if begin != position:
            fault = "shares bytes with another tensor" if begin < position else "follows a gap"
            raise TensorHeaderError(f"{_short(tensor.name)} {fault}")
        position = end
    if position != data_length:
        raise TensorHeaderError(f"the tensors take {position:,} bytes, the file has {data_length:,} for them")
    return [tensor for _, _, tensor in placed]


def _tensor(name: str, record: Any) -> tuple[int, int, TensorInfo]:
    """(first byte, byte behind the last, tensor), once its type, shape and bytes agree."""
    if not isinstance(record, dict) or record.keys() != {"dtype", "shape", "data_offsets"}:
        raise TensorHeaderError(f"{_short(name)} needs dtype, shape and data_offsets, and nothing else")
    dtype, shape, offsets = record["dtype"], record["shape"], record["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise TensorHeaderError(f"{_short(name)} has an unknown type")
    if not _are_sizes(shape) or len(shape) > MOST_DIMENSIONS:
        raise TensorHeaderError(f"{_short(name)} has a shape that is none")
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise TensorHeaderError(f"{_short(name)} has data_offsets that are none")
    tensor = TensorInfo(name, dtype, tuple(shape))
    if offsets[1] - offsets[0] != tensor.size * BITS[dtype] // 8:
        raise TensorHeaderError(
            f"{_short(name)} claims {tensor.size:.3g} numbers in {offsets[1] - offsets[0]:,} bytes"
        )
    return offsets[0], offsets[1], tensor


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int for value in values)


def _product(shape: tuple[int, ...]) -> int:
    result = 1
    for size in shape:
        result *= size  # at most 16 numbers of 15 digits: a product of 240
    return result


def _short(name: str) -> str:
    return ascii(name if len(name) <= 60 else name[:57] + "...")
