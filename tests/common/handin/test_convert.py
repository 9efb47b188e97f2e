"""Models that torch pickled, as safetensors: tensors alone are taken, nothing runs."""

from __future__ import annotations

import pickle

import pytest

torch = pytest.importorskip("torch")

from common.cli import UserError  # noqa: E402
from common.handin.convert import convert  # noqa: E402
from common.handin.tensor_header import read_header  # noqa: E402
from common.run_folder import read_tensors  # noqa: E402

WEIGHTS = {"layer.weight": torch.arange(6.0).reshape(2, 3), "layer.bias": torch.ones(2)}


class Hostile:
    """Unpickling it makes a folder."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        import os

        return os.mkdir, (self.path,)


def saved(path, value):
    torch.save(value, path)
    return path


@pytest.mark.parametrize("ending", [".pt", ".pth", ".ckpt", ".bin", ".pkl"])
def test_a_state_dict_becomes_safetensors_beside_it(tmp_path, ending):
    done = convert(saved(tmp_path / f"model{ending}", WEIGHTS))
    found, _ = read_tensors(tmp_path / "model.safetensors")
    assert done.target == tmp_path / "model.safetensors" and done.parameters == 8
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)
    assert len(read_header(done.target)) == 2
    assert str(done) == f"{done.target}: 2 tensors, 8 numbers"


@pytest.mark.parametrize("key", ["model", "state_dict", "model_state_dict"])
def test_of_a_checkpoint_the_weights_alone_are_taken(tmp_path, key):
    optimizer = {"state": {0: {"exp_avg": torch.ones(9)}}}
    done = convert(saved(tmp_path / "a.ckpt", {"epoch": 3, key: WEIGHTS, "optimizer": optimizer}))
    assert done.parameters == 8


def test_nested_weights_are_named_by_their_place_and_what_is_no_tensor_is_told(tmp_path):
    done = convert(
        saved(tmp_path / "a.pt", {"encoder": {"w": torch.ones(2), "rate": 3}, "head": torch.ones(1)})
    )
    assert sorted(read_tensors(done.target)[0]) == ["encoder.w", "head"]
    assert done.left_out == ("encoder.rate",) and "left out, as no tensor: encoder.rate" in str(done)


def test_weights_that_share_memory_and_views_are_written(tmp_path):
    tied = torch.arange(4.0)
    done = convert(saved(tmp_path / "a.pt", {"a": tied, "b": tied, "c": torch.ones(3, 4).T}))
    assert done.parameters == 20


@pytest.mark.parametrize("by_torch", [True, False])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path, by_torch):
    made, path = tmp_path / "made", tmp_path / "evil.pt"
    if by_torch:
        torch.save({"weight": torch.ones(1), "x": Hostile(made)}, path)
    else:
        path.write_bytes(pickle.dumps(Hostile(made)))
    with pytest.raises(UserError, match="evil.pt: .*code|other things than tensors"):
        convert(path)
    assert not made.exists() and not (tmp_path / "evil.safetensors").exists()


def test_a_whole_module_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(UserError, match="torch.nn.modules.linear.Linear.*state_dict"):
        convert(saved(tmp_path / "a.pt", torch.nn.Linear(2, 2)))


@pytest.mark.parametrize("contents", [b"", b"hello", b"PK\x03\x04 and no more", b"\x80\x02"])
def test_what_is_no_file_of_torch_is_refused_in_one_line(tmp_path, contents):
    path = tmp_path / "a.pt"
    path.write_bytes(contents)
    with pytest.raises(UserError) as caught:
        convert(path)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(str(path))


def test_nothing_is_overwritten_and_nothing_made_of_nothing(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        convert(tmp_path / "a.pt")
    with pytest.raises(UserError, match="holds no tensors"):
        convert(saved(tmp_path / "a.pt", {"epoch": 3}))
    source = saved(tmp_path / "b.pt", WEIGHTS)
    convert(source)
    with pytest.raises(UserError, match="is there already"):
        convert(source)
    assert convert(source, tmp_path / "c.safetensors").tensors == 2
    with pytest.raises(UserError, match="c.safetensors: is safetensors already"):
        convert(tmp_path / "c.safetensors")
