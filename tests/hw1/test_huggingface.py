"""Checkpoints of transformers: what they give, what of them learns, and what is refused."""

from __future__ import annotations

import json
import math
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError
from hw1_instrument_detection.detector import load_detector
from hw1_instrument_detection.encoders import build_encoder, encoder_from_option
from hw1_instrument_detection.encoders.checkpoint import CONVERSION
from hw1_instrument_detection.encoders.huggingface import HuggingFaceEncoder, load_checkpoint
from hw1_instrument_detection.encoders.lora import low_rank_parameters

transformers = pytest.importorskip("transformers", reason="needs requirements-mert.txt")

TINY = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8, 8, 8),
    "conv_kernel": (10, 8, 8),
    "conv_stride": (5, 8, 8),  # 75 frames a second at 24 kHz
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
}
KINDS = {
    "hubert": transformers.HubertConfig,
    "wav2vec2": transformers.Wav2Vec2Config,
    "wavlm": transformers.WavLMConfig,
}


def write_checkpoint(
    folder: Path, *, kind: str = "hubert", rate: int = 24_000, normalize: bool = True
) -> Path:
    """A tiny checkpoint with random weights, as `save_pretrained` writes it."""
    torch.manual_seed(0)
    transformers.AutoModel.from_config(KINDS[kind](**TINY)).save_pretrained(folder)
    preprocessor = transformers.Wav2Vec2FeatureExtractor(sampling_rate=rate, do_normalize=normalize)
    preprocessor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def hubert(tmp_path_factory) -> Path:
    """A HuBERT checkpoint at 24 kHz. Read it, do not change it."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoints") / "hubert")


@pytest.fixture
def spoilt(hubert, tmp_path) -> Path:
    """An own copy of it."""
    return shutil.copytree(hubert, tmp_path / "checkpoint")


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(1))


# ---- what it gives ----


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_the_sum_of_the_layers_by_hand(tmp_path, kind):
    folder = write_checkpoint(tmp_path / kind, kind=kind, rate=16_000)
    encoder = load_checkpoint(folder).eval()
    encoder.layer_sum.weights.data = torch.tensor([0.3, -1.0, 2.0])
    waveform = 0.1 + noise(2, 16_000)
    found = encoder(waveform)

    network = transformers.AutoModel.from_pretrained(folder).eval()
    preprocessor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    values = preprocessor(list(waveform.numpy()), sampling_rate=16_000, return_tensors="pt").input_values
    states = list(network(values, output_hidden_states=True).hidden_states)  # 3 of (B, T, D)
    states[-1] = network(values).last_hidden_state
    weights = np.exp([0.3, -1.0, 2.0]) / np.exp([0.3, -1.0, 2.0]).sum()
    whole = sum(weight * state for weight, state in zip(weights, states, strict=True)).mT  # (B, D, T)
    frames = encoder.frames_averaged
    assert frames == 5 and encoder.frames_per_second == 10  # 50 a second
    expected = torch.stack([part.mean(dim=-1) for part in whole.split(frames, dim=-1)], dim=-1)
    assert found.shape == (2, 16, math.ceil(whole.shape[-1] / frames))
    torch.testing.assert_close(found, expected.float(), rtol=0, atol=5e-5)


def test_its_numbers_come_from_the_checkpoint(hubert):
    encoder = load_checkpoint(hubert)
    assert (encoder.sample_rate, encoder.num_features, encoder.least_samples) == (24_000, 16, 325)
    assert encoder.frames_per_second == pytest.approx(75 / 8)
    frames = encoder(noise(1, 120_000)).shape[-1]
    assert frames == pytest.approx(5 * encoder.frames_per_second, abs=1)


@pytest.mark.parametrize("normalize", [True, False])
def test_the_level_matters_only_where_the_checkpoint_wants_it(tmp_path, normalize):
    encoder = load_checkpoint(write_checkpoint(tmp_path / "c", normalize=normalize)).eval()
    waveform = noise(1, 24_000)
    found, louder = encoder.prepared(waveform), encoder.prepared(5 * waveform)
    assert torch.allclose(found, louder, atol=1e-3) == normalize
    assert torch.equal(found, waveform) != normalize


@pytest.mark.parametrize("samples", [1, 324, 325, 24_000])
def test_any_length_and_silence_are_heard(hubert, samples):
    encoder = load_checkpoint(hubert).eval()
    for waveform in (noise(2, samples), torch.zeros(2, samples)):
        found = encoder(waveform)
        assert found.shape[:2] == (2, 16) and found.isfinite().all()


# ---- what of it learns ----


def one_step(encoder: HuggingFaceEncoder) -> dict[str, bool]:
    """Which tensors a step of training changes."""
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    encoder.train()
    learning = [weight for weight in encoder.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=1.0)
    (encoder(noise(2, 12_000)) * torch.linspace(0, 1, 16)[:, None]).square().sum().backward()
    assert all(weight.grad is None for weight in encoder.parameters() if not weight.requires_grad)
    assert all(weight.grad is not None for weight in learning)  # else several processes would wait for it
    optimizer.step()
    return {name: not torch.equal(tensor, before[name]) for name, tensor in encoder.state_dict().items()}


def test_frozen_only_the_sum_learns(hubert):
    encoder = load_checkpoint(hubert).requires_grad_(False)
    changed = one_step(encoder)
    assert [name for name, moved in changed.items() if moved] == ["layer_sum.weights"]
    assert encoder.training and not any(module.training for module in encoder.network.modules())
    assert not encoder.fixed_features(noise(1, 12_000)).requires_grad


def test_frozen_it_says_the_same_twice_while_training(hubert):
    encoder = load_checkpoint(hubert).requires_grad_(False).train()
    assert torch.equal(encoder(noise(1, 12_000)), encoder(noise(1, 12_000)))


def test_fine_tuned_all_of_it_learns(hubert):
    encoder = load_checkpoint(hubert)
    changed = one_step(encoder)
    assert encoder.network.training
    still = [name for name, moved in changed.items() if not moved and not name.endswith("k_proj.bias")]
    assert still == ["network.masked_spec_embed"]  # a key's bias moves all scores alike: softmax ignores it


@pytest.mark.parametrize("kind", KINDS)
def test_lora_begins_as_the_identity_and_trains_only_its_own(tmp_path, kind):
    folder = write_checkpoint(tmp_path / "c", kind=kind)
    torch.manual_seed(3)
    encoder, plain = load_checkpoint(folder, lora_rank=2), load_checkpoint(folder)
    torch.testing.assert_close(encoder.eval()(noise(2, 12_000)), plain.eval()(noise(2, 12_000)))
    changed = {name for name, moved in one_step(encoder).items() if moved}
    ups = {name for name in encoder.state_dict() if name.endswith(".up")}
    assert len(ups) == 4  # q and v of two layers
    assert changed == ups | {"layer_sum.weights"}  # `down` has no gradient while `up` is zero
    assert sum(weight.numel() for weight in low_rank_parameters(encoder)) == 4 * 2 * (16 + 16)
    assert not any(module.training for module in encoder.network.modules())
    encoder.requires_grad_(False)
    assert encoder.frozen


def test_layers_go_from_input_to_output_and_are_all_there(hubert):
    layers = load_checkpoint(hubert).layers
    assert layers[-1] is not None and len(layers) == 3 + 2 + 1
    names = [id(weight) for layer in layers for weight in layer.parameters()]
    assert len(names) == len(set(names))


# ---- the model folder is all one needs ----


@pytest.mark.parametrize("lora", [0, 2])
def test_config_and_tensors_rebuild_it(hubert, lora):
    encoder = encoder_from_option(f"mert:{hubert}", lora=lora)
    for weight in encoder.parameters():
        weight.data += 0.01
    again = build_encoder(json.loads(json.dumps(encoder.config)))
    again.load_state_dict(encoder.state_dict())
    assert torch.equal(again.eval()(noise(1, 12_000)), encoder.eval()(noise(1, 12_000)))
    assert (again.sample_rate, again.frames_per_second) == (24_000, encoder.frames_per_second)


def test_a_config_of_other_things_is_refused(hubert):
    config = load_checkpoint(hubert).config
    with pytest.raises(ModelFolderError, match="unknown key rank"):
        build_encoder(config | {"rank": 3})
    with pytest.raises(UserError, match="model_type 'bert' is not supported"):
        build_encoder(config | {"architecture": {"model_type": "bert"}})
    smuggled = build_encoder(
        config | {"architecture": config["architecture"] | {"auto_map": {"AutoModel": "x.Y"}}}
    )
    assert "auto_map" not in smuggled.config["architecture"]


# ---- MERT ----


def as_mert(folder: Path, **changes) -> Path:
    """Turn a HuBERT checkpoint into what MERT's looks like: its own type, and code on the hub."""
    auto_map = {"AutoConfig": "configuration_MERT.MERTConfig", "AutoModel": "modeling_MERT.MERTModel"}
    mert = {"model_type": "mert_model", "auto_map": auto_map, "architectures": ["MERTModel"]}
    edit(folder / "config.json", **mert, feature_extractor_cqt=False, attention_relax=32.0, **changes)
    return folder


def test_mert_is_read_as_a_hubert(hubert, spoilt):
    encoder = load_checkpoint(as_mert(spoilt)).eval()
    assert type(encoder.network).__name__ == "HubertModel"
    assert torch.equal(encoder(noise(1, 12_000)), load_checkpoint(hubert).eval()(noise(1, 12_000)))


@pytest.mark.parametrize("key", ["feature_extractor_cqt", "deepnorm"])
def test_a_mert_that_is_no_hubert_is_refused(spoilt, key):
    as_mert(spoilt)
    edit(spoilt / "config.json", **{key: True})
    with pytest.raises(UserError, match=f"MERT with {key} is not supported"):
        load_checkpoint(spoilt)


@pytest.mark.parametrize("model_type", ["mert_model", "hubert", "evil"])
def test_code_in_the_folder_is_never_run(spoilt, model_type):
    witness = spoilt / "it_ran"
    (spoilt / "modeling_MERT.py").write_text(f"open({str(witness)!r}, 'w')\nclass MERTModel: pass\n")
    (spoilt / "configuration_MERT.py").write_text(f"open({str(witness)!r}, 'w')\nclass MERTConfig: pass\n")
    as_mert(spoilt)
    edit(spoilt / "config.json", model_type=model_type, _attn_implementation="evil/kernel")
    if model_type == "evil":
        with pytest.raises(
            UserError, match="model_type 'evil' is not supported; give one of mert_model, hubert"
        ):
            load_checkpoint(spoilt)
    else:
        load_checkpoint(spoilt)
    assert not witness.exists()
    assert not any("MERT" in name for name in sys.modules)


# ---- what is refused ----


class Exploit:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_unopened(spoilt):
    (spoilt / "model.safetensors").unlink()
    (spoilt / "pytorch_model.bin").write_bytes(pickle.dumps(Exploit(spoilt / "it_ran")))
    with pytest.raises(
        UserError, match="pytorch_model.bin is a pickle .* convert it to safetensors"
    ) as caught:
        load_checkpoint(spoilt)
    assert not (spoilt / "it_ran").exists() and "\n" not in str(caught.value)


def test_the_conversion_that_the_message_tells_works(hubert, spoilt, monkeypatch):
    network = transformers.AutoModel.from_pretrained(spoilt)
    torch.save(network.state_dict(), spoilt / "pytorch_model.bin")
    (spoilt / "model.safetensors").unlink()
    monkeypatch.chdir(spoilt)
    exec(CONVERSION.format("pytorch_model.bin"), {})
    found, expected = load_checkpoint(spoilt).eval(), load_checkpoint(hubert).eval()
    assert torch.equal(found(noise(1, 12_000)), expected(noise(1, 12_000)))


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_missing_file_is_named(spoilt, name):
    (spoilt / name).unlink()
    with pytest.raises(UserError, match=f"no {name}; download all files"):
        load_checkpoint(spoilt)


def test_broken_or_foreign_weights_are_refused(spoilt):
    edit(spoilt / "config.json", num_hidden_layers=3)
    with pytest.raises(UserError, match="16 weights are missing or misshapen"):
        load_checkpoint(spoilt)
    edit(spoilt / "config.json", num_hidden_layers=2, hidden_size=32)
    with pytest.raises(UserError, match="misshapen|cannot be loaded"):
        load_checkpoint(spoilt)
    edit(spoilt / "config.json", hidden_size=16)
    (spoilt / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"cannot be loaded \(.*\); download it again"):
        load_checkpoint(spoilt)


def test_a_rate_that_is_none_is_refused(spoilt):
    edit(spoilt / "preprocessor_config.json", sampling_rate=None)
    with pytest.raises(UserError, match="sampling_rate is None"):
        load_checkpoint(spoilt)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="no such folder; give the folder of a downloaded checkpoint"):
        encoder_from_option(f"mert:{tmp_path / 'nowhere'}")


def test_without_transformers_it_says_what_to_install(hubert, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UserError, match="pip install -r requirements-mert.txt"):
        encoder_from_option(f"mert:{hubert}")


def test_the_library_stays_quiet(hubert, capfd):
    load_checkpoint(hubert)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


# ---- from the command to the detector ----


@pytest.mark.parametrize("how", [["--freeze"], ["--lora", 2], []])
def test_train_keeps_all_that_a_detector_needs(command, slakh_copy, spoilt, tmp_path, how):
    options = ["--preset", "quick", "--epochs", 1, "--data", slakh_copy, "--out", tmp_path / "run"]
    assert command("train", *options, "--encoder", f"mert:{spoilt}", *how) == 0
    before = load_checkpoint(spoilt).network.state_dict()
    shutil.rmtree(spoilt)
    detector = load_detector(tmp_path / "run", device="cpu")
    assert detector.sample_rate == 24_000
    assert detector.probabilities(noise(2, 120_000)).shape == (2, 9)
    name = "encoder.layers.0.attention.k_proj.weight"
    kept = torch.equal(detector.model.encoder.network.state_dict()[name], before[name])
    assert kept == bool(how)
