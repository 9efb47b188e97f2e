"""Headers of safetensors files: true ones are read as the library reads them, all others refused."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import safetensors
import safetensors.numpy

from common.handin.tensor_header import TensorHeaderError, count_parameters, read_header

F32 = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def entry(**changes) -> dict:
    return {"weight": F32 | changes}


def nested(depth: int) -> bytes:
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


def test_a_true_header_is_read_as_the_library_reads_it(tmp_path):
    arrays = {
        "a": np.zeros((2, 3), np.float32),
        "b": np.arange(5),
        "scalar": np.array(1.0),
        "nothing": np.zeros((0, 7), np.float16),
        "音": np.ones(4, bool),
    }
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(arrays, path, {"made": "by a test"})
    found = {tensor.name: tensor.shape for tensor in read_header(path)}
    assert found == {name: array.shape for name, array in arrays.items()}
    assert sum(tensor.size for tensor in read_header(path)) == sum(array.size for array in arrays.values())


LIES = {
    "claims 10^12 elements": (entry(shape=[10**6, 10**6]), "claims 1e\\+12 numbers in 24 bytes"),
    "claims them and the bytes": (
        entry(shape=[10**6, 10**6], data_offsets=[0, 4 * 10**12]),
        "4,000,000,000,000 bytes, the file has 24",
    ),
    "overflows 64 bits to zero": (entry(shape=[2**32, 2**32]), "needs|claims"),
    "stride trick": ({"a": F32, "b": F32}, "'b' shares bytes"),
    "half shared": ({"a": F32, "b": F32 | {"shape": [3], "data_offsets": [12, 24]}}, "'b' shares bytes"),
    "gap": ({"a": F32 | {"shape": [3], "data_offsets": [12, 24]}}, "'a' follows a gap"),
    "bytes behind": ({"a": F32 | {"shape": [3], "data_offsets": [0, 12]}}, "take 12 bytes, the file has 24"),
    "end before begin": (entry(shape=[0], data_offsets=[24, 0]), "claims 0 numbers"),
    "negative size": (entry(shape=[-2, -3]), "-2 is no size"),
    "fractional size": (entry(shape=[2.0, 3]), "2.0 is no whole number"),
    "a truth value as size": (entry(shape=[True, 6]), "shape that is none"),
    "a huge number": (entry(shape=[10**4000]), "is no size"),
    "17 dimensions": (entry(shape=[1] * 15 + [2, 3]), "shape that is none"),
    "no list": (entry(shape="23"), "shape that is none"),
    "three offsets": (entry(data_offsets=[0, 12, 24]), "data_offsets that are none"),
    "unknown type": (entry(dtype="O8"), "unknown type"),
    "a list as type": (entry(dtype=["F32"]), "unknown type"),
    "one key more": (entry(pickle="cos"), "nothing else"),
    "not even a record": ({"weight": [1]}, "nothing else"),
    "metadata of numbers": ({"weight": F32, "__metadata__": {"a": 1}}, "__metadata__ is not text"),
    "a name twice": (
        b'{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]},'
        b'"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}',
        "stands twice",
    ),
    "a list": (b"[1, 2]", "does not begin"),
    "white space first": (b" {}", "does not begin"),
    "broken JSON": (b'{"a": ', "not JSON"),
    "not UTF-8": (b'{"\xff": 1}', "not JSON"),
    "NaN": (b'{"a": NaN}', "NaN is no whole number"),
    "deep nesting": (nested(100_000), "not JSON"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_header_that_lies_is_refused(name, making):
    header, message = LIES[name]
    with pytest.raises(TensorHeaderError, match=message):
        read_header(io.BytesIO(making.tensor_file(header)))


OURS_ALONE = {"17 dimensions", "white space first", "a huge number", "fractional size", "a name twice"}
OURS_ALONE |= {"one key more", "metadata of numbers"}  # where we may be stricter than the library


@pytest.mark.parametrize("name", sorted(LIES.keys() - OURS_ALONE))
def test_the_library_refuses_these_as_well(name, making):
    with pytest.raises(safetensors.SafetensorError):
        safetensors.deserialize(making.tensor_file(LIES[name][0]))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\xff" * 8, b"\x10" + b"\0" * 7 + b"{}"])
def test_a_header_longer_than_the_file_is_refused(data):
    with pytest.raises(TensorHeaderError, match="longer than the file"):
        read_header(io.BytesIO(data))


def test_no_more_of_the_header_is_read_than_is_allowed(making):
    with pytest.raises(TensorHeaderError, match="at most 50 are read"):
        read_header(io.BytesIO(making.tensor_file()), most_bytes=50)


def test_an_empty_file_of_tensors_is_true(making):
    assert read_header(io.BytesIO(making.tensor_file({}, b""))) == []


def test_parameters_are_what_is_learned_and_nothing_hides_as_a_statistic(making):
    def tensors(shapes: dict[str, list[int]]):
        header, position = {}, 0
        for name, shape in shapes.items():
            end = position + 4 * int(np.prod(shape))
            header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [position, end]}
            position = end
        return read_header(io.BytesIO(making.tensor_file(json.dumps(header).encode(), bytes(position))))

    norm = {"n.weight": [8], "n.bias": [8], "n.running_mean": [8], "n.running_var": [8]}
    assert count_parameters(tensors(norm | {"n.num_batches_tracked": []})) == 16
    assert count_parameters(tensors({"a.running_mean": [4, 4]})) == 16
    assert count_parameters(tensors({"a.weight": [2], "a.running_var": [99]})) == 101
