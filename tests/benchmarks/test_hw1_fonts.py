"""Bands with other soundfonts: a test split that eval.py can open, played with nothing else."""

import importlib.util
import sys
from pathlib import Path

import pytest
import yaml

from common.band.presets import band_soundfonts
from common.cli import UserError
from hw1_instrument_detection import data

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "hw1_fonts.py"


@pytest.fixture(scope="module")
def fonts():
    spec = importlib.util.spec_from_file_location("benchmark_hw1_fonts", SCRIPT)
    module = sys.modules["benchmark_hw1_fonts"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_hw1_fonts"]


def test_only_the_given_soundfonts_play(fonts, tmp_path, monkeypatch):
    other = band_soundfonts()["Merlin"]  # taken for somebody else's
    monkeypatch.setattr(fonts, "extra_soundfonts", list)
    fonts.main(fonts.FontsConfig(soundfont=(other,), out=tmp_path / "fonts", minutes=0.7, jobs=1))
    clips, problems = data.open_split(tmp_path / "fonts", "test")
    assert len(clips) >= 5 and not problems.lines()
    stems = [
        stem
        for path in (tmp_path / "fonts" / "test").glob("*/metadata.yaml")
        for stem in yaml.safe_load(path.read_text())["stems"].values()
    ]
    assert len(stems) >= 4 and all(stem["plugin_name"].startswith("Merlin/") for stem in stems)
    with pytest.raises(UserError, match="is there already"):  # of other soundfonts, perhaps
        fonts.main(fonts.FontsConfig(soundfont=(other,), out=tmp_path / "fonts"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"soundfont": ()}, "one soundfont or more"),
        ({"minutes": 0}, "minutes above 0"),
        ({"minutes": 900}, "--minutes 900: .* ask for fewer minutes"),
    ],
)
def test_values_that_make_no_sense(fonts, tmp_path, monkeypatch, options, message):
    monkeypatch.setattr(fonts, "extra_soundfonts", list)
    given = {"soundfont": (band_soundfonts()["Merlin"],), "out": tmp_path / "fonts"} | options
    with pytest.raises(UserError, match=message):
        fonts.main(fonts.FontsConfig(**given))
    assert not (tmp_path / "fonts").exists()


def test_soundfonts_of_the_band_are_refused(fonts, tmp_path):
    with pytest.raises(UserError, match="some of these play in training"):
        fonts.main(fonts.FontsConfig(soundfont=(band_soundfonts()["Merlin"],), out=tmp_path / "fonts"))
    assert not (tmp_path / "fonts").exists()
