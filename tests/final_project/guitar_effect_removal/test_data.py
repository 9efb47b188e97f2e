import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from common import audio
from common.cli import UserError
from final_project.guitar_effect_removal import wet_dataset
from final_project.guitar_effect_removal.amps import amps_of
from final_project.guitar_effect_removal.data import Check, Info, open_training_splits
from final_project.guitar_effect_removal.effects import CLIPPING, EFFECTS, apply_chain, at_rms, rms
from final_project.guitar_effect_removal.evaluation_split import open_test_split
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.pairs import find_pairs
from final_project.guitar_effect_removal.wet_dataset import PairDataset, WetDataset, draw_training_chain


@pytest.fixture
def spoiled(guitars, tmp_path) -> Path:
    """A copy to spoil."""
    return shutil.copytree(guitars, tmp_path / "guitars")


def test_each_effect_chains_and_nothing_are_there(guitars):
    chains = [pair.chain for pair in open_test_split(guitars)]
    alone = [chain[0].name for chain in chains if len(chain) == 1]
    assert tuple(alone) == EFFECTS
    assert sorted(len(chain) for chain in chains if len(chain) != 1) == [0, 2, 3, 4, 5]


def test_the_wet_guitar_is_the_dry_one_through_its_chain(guitars):
    for pair in open_test_split(guitars)[:3]:
        wet, dry = pair.read()
        expected = apply_chain(dry, pair.chain, sample_rate=SAMPLE_RATE)
        np.testing.assert_allclose(wet, expected / max(np.abs(expected).max(), 1), atol=1e-5)


def test_training_has_no_way_to_the_test_split(guitars, spoiled):
    shutil.rmtree(spoiled / "test")
    guitars_found, pairs = open_training_splits(spoiled)
    assert len(guitars_found) == 3 and len(pairs) == 13
    assert not {path.parts[-3] for path in guitars_found} - {"train"}


def test_the_same_seed_gives_the_same_guitars(guitars, tmp_path):
    from final_project.guitar_effect_removal.maker import Size, make_guitars

    size = Size({"train": 1, "validation": 1, "test": 1}, {"validation": 1, "test": 1}, seconds=1.5)
    make_guitars(tmp_path / "again", size=size, jobs=1)
    name = sorted((tmp_path / "again/train/dry").iterdir())[0].name
    first, second = (audio.read(root / "train/dry" / name)[0] for root in (guitars, tmp_path / "again"))
    assert np.array_equal(first, second)


def test_folders_of_wet_and_dry_are_paired_by_name(guitars, tmp_path):
    """As somebody's recordings would lie: other rates, two channels, no list."""
    rng = np.random.default_rng(0)
    for name in ("b", "a"):
        for kind in ("dry", "wet"):
            waveform = 0.1 * rng.standard_normal((2, 24_000)).astype(np.float32)
            (tmp_path / "test" / kind).mkdir(parents=True, exist_ok=True)
            audio.write(tmp_path / "test" / kind / f"{name}.wav", waveform, sample_rate=48_000)
    pairs = find_pairs(tmp_path, "test")
    assert [pair.name for pair in pairs] == ["a", "b"] and pairs[0].chain is None
    assert [len(waveform) for waveform in pairs[0].read()] == [22_050, 22_050]


def test_a_wet_guitar_without_a_dry_one_is_told(tmp_path):
    for kind, name in (("dry", "a"), ("wet", "b")):
        (tmp_path / "test" / kind).mkdir(parents=True)
        audio.write(tmp_path / "test" / kind / f"{name}.wav", np.full((1, 9000), 0.1), sample_rate=44_100)
    with pytest.raises(UserError, match=r"b\.wav: no dry guitar of this name"):
        find_pairs(tmp_path, "test")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[{]", "not a list of pairs"),
        ('[{"wet": "../../secret.flac", "dry": "a.flac"}]', "is no plain file name"),
        ('[{"wet": "none.flac", "dry": "none.flac"}]', "is named in pairs.json, but is not there"),
        ('[{"wet": "none.flac"}]', "not a list of pairs"),
    ],
)
def test_a_broken_list_is_told(spoiled, content, message):
    (spoiled / "test/pairs.json").write_text(content)
    with pytest.raises(UserError, match=message):
        open_test_split(spoiled)


def test_check_and_info(spoiled, capsys):
    assert Check(spoiled).run() == 0
    assert Info(spoiled).run() == 0
    assert "13 pairs, 0 of them with effects that nobody knows" in capsys.readouterr().out
    next((spoiled / "train/dry").iterdir()).write_bytes(b"fLaC, but not really")
    assert Check(spoiled).run() == 2
    assert "file that cannot be read" in capsys.readouterr().err


def test_no_guitars_are_told(tmp_path):
    with pytest.raises(UserError, match="no train, validation or test in it"):
        Info(tmp_path / "nowhere").run()


def test_an_item_is_drawn_from_its_generator_alone(guitars):
    paths, _ = open_training_splits(guitars)
    dataset = WetDataset(paths, amps=amps_of("train"), seconds=0.5, draws=6)
    first, again, other = (dataset.draw(1, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert all((first[name] == again[name]).all() for name in first)
    assert not (first["wet"] == other["wet"]).all()
    assert first["wet"].shape == first["dry"].shape == (22_050,)


def test_a_dataset_of_one_effect_has_that_or_none(guitars):
    paths, _ = open_training_splits(guitars)
    dataset = WetDataset(paths, amps=amps_of("train"), seconds=0.2, draws=6, effects=("reverb",))
    targets = np.array([dataset.draw(0, np.random.default_rng(seed))["target"].numpy() for seed in range(30)])
    assert set(targets.sum(axis=1)) == {0.0, 1.0}
    assert targets.sum(axis=0)[EFFECTS.index("reverb")] == targets.sum()


def test_an_effect_that_is_named_twice_is_alone_twice_as_often():
    effects, generator, amps = (*EFFECTS, *CLIPPING), np.random.default_rng(0), amps_of("train")
    chains = [draw_training_chain(effects, generator, amps=amps) for _ in range(4000)]
    alone = [chain[0].name for chain in chains if len(chain) == 1]
    shares = [alone.count(name) / len(alone) for name in EFFECTS]
    assert shares == pytest.approx([(1 + (name in CLIPPING)) / 11 for name in EFFECTS], abs=0.02)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.5, 20), (1.0, 40)])
def test_a_share_of_the_guitars_becomes_another(guitars, monkeypatch, share, expected):
    made = []
    monkeypatch.setattr(wet_dataset, "another_guitar", lambda dry, *_, **__: made.append(1) or dry)
    paths, _ = open_training_splits(guitars)
    dataset = WetDataset(paths, amps=amps_of("train"), seconds=0.1, draws=40, recolour=share)
    for index in range(40):
        dataset[index]
    assert len(made) == pytest.approx(expected, abs=8 * (0 < share < 1))


def test_without_effects_wet_is_dry(guitars):
    pairs = open_test_split(guitars)
    dry = next(pair for pair in pairs if not pair.chain)
    item = PairDataset([dry], seconds=1.0)[0]
    np.testing.assert_allclose(item["wet"], item["dry"], atol=1e-6)
    assert not item["target"].any()


def test_volume_is_no_effect(guitars):
    for item in PairDataset(open_test_split(guitars)[:4], seconds=1.0):
        assert rms(item["dry"].numpy()) == pytest.approx(rms(item["wet"].numpy()), rel=1e-3)
    assert rms(at_rms(np.zeros(5, dtype=np.float32), 0.1)) == 0


def test_a_list_is_json(guitars):
    records = json.loads((guitars / "test/pairs.json").read_text())
    assert {"wet", "dry", "chain"} == set(records[0])
