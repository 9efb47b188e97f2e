"""mini-NSynth: NSynth's layout, splits that share nothing, the same bytes again, notes that sound right."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import numpy as np
import pytest
import soundfile as sf

from common import cli
from common.cli import UserError
from common.synthesis import default_soundfont
from hw0_note_classification import data
from hw0_note_classification.data import FAMILIES, NUM_SAMPLES, SAMPLE_RATE
from hw0_note_classification.mini_nsynth import NOTES, QUICK_NOTES, make_mini_nsynth, maker
from hw0_note_classification.mini_nsynth.effects import draw_channel
from hw0_note_classification.mini_nsynth.engines import Struck, Sustained
from hw0_note_classification.mini_nsynth.engines.struck import damped_partials
from hw0_note_classification.mini_nsynth.engines.sustained import wavetable
from hw0_note_classification.mini_nsynth.families import RECIPES
from hw0_note_classification.mini_nsynth.planning import VELOCITIES, family_shares, plan_instruments
from hw0_note_classification.mini_nsynth.programs import PITCH_RANGES, PROGRAMS
from hw0_note_classification.note_index import SOURCES

TINY = {"train": 33, "valid": 22, "test": 22}
ENTRY_TYPES = {  # of NSynth's examples.json
    "note": int,
    "note_str": str,
    "instrument": int,
    "instrument_str": str,
    "pitch": int,
    "velocity": int,
    "sample_rate": int,
    "qualities": list,
    "qualities_str": list,
    "instrument_family": int,
    "instrument_family_str": str,
    "instrument_source": int,
    "instrument_source_str": str,
}


@pytest.fixture(scope="module", autouse=True)
def no_soundfonts_of_the_system():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(maker, "find_soundfonts", lambda: [])
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A mini-NSynth of 77 notes. Read it, do not change it."""
    root = tmp_path_factory.mktemp("mini") / "mini"
    make_mini_nsynth(root, jobs=1, notes=TINY)
    return root


@pytest.fixture
def other_soundfont(tmp_path):
    """TimGM6mb under another name and with another title inside: 6 MB that differ in one byte."""
    content = bytearray(default_soundfont().read_bytes())
    title = content.index(b"INAM") + 8  # a chunk is its name, its length in 4 bytes, and its content
    content[title] ^= 1
    path = tmp_path / "other.sf2"
    path.write_bytes(content)
    return path


def entries_of(root, split: str) -> dict[str, dict]:
    return json.loads((root / f"nsynth-{split}" / "examples.json").read_text())


def contents(root) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# ---- the folder ----


@pytest.mark.parametrize("split", TINY)
def test_entries_are_nsynths(made, split):
    entries = entries_of(made, split)
    assert [entry["note"] for entry in entries.values()] == list(range(len(entries)))
    for name, entry in entries.items():
        assert {key: type(value) for key, value in entry.items()} == ENTRY_TYPES
        assert re.fullmatch(r"[a-z_]+_(acoustic|electronic|synthetic)_\d{3,}-\d{3}-\d{3}", name)
        family, source = entry["instrument_family_str"], entry["instrument_source_str"]
        assert name == f"{entry['instrument_str']}-{entry['pitch']:03d}-{entry['velocity']:03d}"
        assert entry["note_str"] == name
        assert entry["instrument_str"] == f"{family}_{source}_{entry['instrument']:03d}"
        assert FAMILIES[entry["instrument_family"]] == family
        assert SOURCES[entry["instrument_source"]] == source
        assert len(entry["qualities"]) == 10 and entry["sample_rate"] == SAMPLE_RATE
        low, high = PITCH_RANGES[family]
        assert low <= entry["pitch"] <= high and entry["velocity"] in (25, 50, 75, 100, 127)


@pytest.mark.parametrize("split", TINY)
def test_recordings_are_nsynths(made, split):
    folder = made / f"nsynth-{split}" / "audio"
    assert {path.name for path in folder.iterdir()} == {f"{name}.wav" for name in entries_of(made, split)}
    for path in folder.iterdir():
        header = sf.info(path)
        assert (header.samplerate, header.frames, header.channels) == (16_000, 64_000, 1)
        assert (header.format, header.subtype) == ("WAV", "PCM_16")
        assert np.abs(sf.read(path)[0]).max() < 32_767 / 32_768  # not clipped


def test_every_recording_sounds(made):
    peaks = {path.stem: np.abs(sf.read(path)[0]).max() for path in made.rglob("*.wav")}
    assert [name for name, peak in peaks.items() if peak < 0.003] == []


def test_all_families_are_in_all_splits_in_their_shares(made):
    for split, total in TINY.items():
        index, problems = data.open_split(made, split)
        expected = [round(total * family_shares()[family]) for family in FAMILIES]
        assert index.class_counts().tolist() == expected and min(expected) > 0
        assert problems.skipped == 0


def test_no_instrument_is_in_two_splits(made):
    for key in ("instrument", "instrument_str"):
        found = [{entry[key] for entry in entries_of(made, split).values()} for split in TINY]
        assert len(set.union(*found)) == sum(len(instruments) for instruments in found)


def test_the_folder_says_what_it_was_made_of(made):
    origin = json.loads((made / "mini_nsynth.json").read_text())
    assert (origin["seed"], origin["notes"]) == (0, TINY)
    digest = hashlib.sha256(default_soundfont().read_bytes()).hexdigest()
    assert origin["soundfonts"] == [{"name": "TimGM6mb.sf2", "sha256": digest}]


# ---- made again ----


def test_the_same_seed_gives_the_same_bytes_in_two_processes_too(made, tmp_path):
    make_mini_nsynth(tmp_path, jobs=2, notes=TINY)
    assert contents(tmp_path) == contents(made)


def test_another_seed_gives_other_notes(made, tmp_path):
    make_mini_nsynth(tmp_path, seed=1, jobs=1, notes=TINY)
    assert set(contents(tmp_path).values()).isdisjoint(contents(made).values())


def test_an_interrupted_make_goes_on(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "mini")
    names = list(entries_of(root, "train"))
    lost = {name.split("-")[0] for name in (names[0], names[len(names) // 2])}  # two instruments
    (root / "nsynth-train" / "examples.json").unlink()
    for path in (root / "nsynth-train" / "audio").iterdir():
        if path.name.split("-")[0] in lost:
            path.unlink()
    kept = {path: path.stat().st_mtime_ns for path in root.rglob("*.wav")}
    assert 60 < len(kept) < 77
    make_mini_nsynth(root, jobs=1, notes=TINY)
    assert contents(root) == contents(made)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


# ---- soundfonts ----


def test_each_soundfont_counts_once_and_the_default_one_never(other_soundfont, tmp_path):
    again = shutil.copy(other_soundfont, tmp_path / "again.sf2")
    (tmp_path / "system").mkdir()
    other_version = shutil.copy(other_soundfont, tmp_path / "system" / default_soundfont().name)
    assert maker.usable_soundfonts([default_soundfont(), other_version]) == []
    [(path, programs)] = maker.usable_soundfonts([other_version, other_soundfont, again])
    assert path == other_soundfont
    assert programs >= {program for splits in PROGRAMS.values() for p in splits.values() for program in p}


def test_more_soundfonts_change_training_notes_alone(other_soundfont):
    fonts = [(other_soundfont, frozenset(range(128)))]
    alone, enriched = (plan_instruments(0, found, NOTES) for found in ([], fonts))
    for split in ("valid", "test"):
        assert [p for p in alone if p.split == split] == [p for p in enriched if p.split == split]
    for family in FAMILIES:
        used = {p.soundfont for p in enriched if (p.family, p.split) == (family, "train")}
        assert used == {None, default_soundfont(), other_soundfont}


def test_a_soundfont_without_a_program_is_not_asked_for_it(tmp_path):
    plans = plan_instruments(0, [(tmp_path / "piano.sf2", frozenset({0}))], NOTES)
    assert {(p.family, p.program) for p in plans if p.soundfont == tmp_path / "piano.sf2"} == {
        ("keyboard", 0)
    }


def test_what_is_no_soundfont_is_refused_before_anything_is_written(tmp_path, capsys):
    text = tmp_path / "piano.sf2"
    text.write_text("a piano, I promise")
    with pytest.raises(UserError, match="piano.sf2: not a soundfont"):
        make_mini_nsynth(tmp_path / "mini", soundfonts=[text], notes=TINY)
    argv = ["make", "--data", str(tmp_path / "data"), "--soundfont", str(text)]
    with pytest.raises(SystemExit) as caught:
        cli.run(data.main, data.Make | data.Info | data.Check, argv)
    error = capsys.readouterr().err
    assert caught.value.code == 2
    assert error.startswith("error: ") and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == ["piano.sf2"]


# ---- the plan ----


def test_no_program_stands_for_two_families_or_in_two_splits():
    programs = [program for splits in PROGRAMS.values() for found in splits.values() for program in found]
    assert len(programs) == len(set(programs))
    assert tuple(PROGRAMS) == FAMILIES == tuple(PITCH_RANGES) == tuple(RECIPES)
    assert all(splits.keys() == NOTES.keys() and all(splits.values()) for splits in PROGRAMS.values())


def test_ranges_and_velocities_are_nsynths():
    assert VELOCITIES == (25, 50, 75, 100, 127)
    assert all(21 <= low < high <= 108 for low, high in PITCH_RANGES.values())


def test_the_plan_has_the_notes_it_promises():
    for notes in (NOTES, QUICK_NOTES):
        plans = plan_instruments(0, [], notes)
        for split, total in notes.items():
            planned = [note for plan in plans if plan.split == split for note in plan.entries()]
            assert len(planned) == len(set(planned)) == pytest.approx(total, rel=0.05)


def test_only_training_hears_modelled_instruments_and_each_split_its_own_programs():
    plans = plan_instruments(0, [], NOTES)
    for plan in plans:
        if plan.soundfont is not None:
            assert plan.program in PROGRAMS[plan.family][plan.split]
    modelled = [plan for plan in plans if plan.soundfont is None]
    assert {plan.split for plan in modelled} == {"train"}
    assert {plan.family for plan in modelled} == set(FAMILIES)
    share = len(modelled) / sum(plan.split == "train" for plan in plans)
    assert share == pytest.approx(0.5, abs=0.05)


def test_each_program_is_heard_as_it_is_once_in_every_split():
    plans = [plan for plan in plan_instruments(0, [], NOTES) if plan.split != "train"]
    for family in FAMILIES:
        for split in ("valid", "test"):
            plain = [p.program for p in plans if (p.family, p.split, p.varied) == (family, split, False)]
            assert plain == list(PROGRAMS[family][split])


# ---- the instruments ----


def play(voice, pitch: int, velocity: int = 100, *, num_samples: int = NUM_SAMPLES, seed: int = 0):
    rng = np.random.default_rng(seed)
    return voice.play(pitch, velocity, rng, num_samples=num_samples, sample_rate=SAMPLE_RATE)


def fundamental(waveform: np.ndarray) -> float:
    """Hz, from 80 up: the first peak of the autocorrelation of 0.25 s that is nearly as high as any."""
    frame = waveform[4000:8000]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 16_000)) ** 2)[:200]
    correlation /= np.arange(4000, 3800, -1)  # fewer samples overlap at long lags
    peaks = [k for k in range(2, 199) if correlation[k - 1] < correlation[k] >= correlation[k + 1]]
    lag = next(k for k in peaks if correlation[k] > 0.9 * correlation[peaks].max())
    left, top, right = correlation[lag - 1 : lag + 2]
    return SAMPLE_RATE / (lag + 0.5 * (left - right) / (left - 2 * top + right))


def cents(frequency: float, reference: float) -> float:
    return 1200 * np.log2(frequency / reference)


@pytest.mark.parametrize(
    "voice",
    [
        Struck(),
        Struck(strike=0.5, inharmonicity=1e-4, noise=0.1, aftersound=0.2),  # no even harmonics; a piano
        Struck(ratios=(1.0, 4.0, 9.2)),
        Sustained(),
        Sustained(even=30.0, vibrato_depth=5.0, noise=0.1),
        Sustained(voices=3, detune=5.0),
        Sustained(drawbars=((1.0, 1.0),)),
        maker.ProgramVoice(default_soundfont(), 73),
        maker.ProgramVoice(default_soundfont(), 73, shift=5),
        maker.ProgramVoice(default_soundfont(), 73, shift=-6),
    ],
)
@pytest.mark.parametrize(("pitch", "frequency"), [(57, 220.0), (69, 440.0)])
def test_notes_sound_at_their_pitch(voice, pitch, frequency):
    assert abs(cents(fundamental(play(voice, pitch)), frequency)) < 30


def test_the_16_foot_drawbar_sounds_an_octave_lower():
    assert abs(cents(fundamental(play(Sustained(drawbars=((0.5, 1.0),)), 69)), 220.0)) < 30


@pytest.mark.parametrize("family", FAMILIES)
def test_every_recipe_sounds_over_its_whole_range(family):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        voice, channel = RECIPES[family](rng), draw_channel(rng, sample_rate=SAMPLE_RATE)
        for pitch, velocity in zip(np.repeat(PITCH_RANGES[family], 2), (25, 127, 25, 127), strict=True):
            dry = play(voice, pitch, velocity, num_samples=8000, seed=seed)
            assert dry.shape == (8000,) and np.isfinite(dry).all()
            assert np.abs(dry).max() > 0.01, f"seed {seed}, pitch {pitch}, velocity {velocity}: silent"
            peak = np.abs(channel.apply(dry, velocity, rng, sample_rate=SAMPLE_RATE)).max()
            level = channel.level - channel.touch * (velocity == 25)
            assert peak == pytest.approx(10 ** (level / 20), rel=1e-3) and peak < 1


@pytest.mark.parametrize("kind", [Struck, Sustained])
def test_loud_notes_are_brighter(kind):
    def centroid(velocity):
        spectrum = np.abs(np.fft.rfft(play(kind(hardness=2.0) if kind is Struck else kind(), 57, velocity)))
        return (spectrum * np.arange(len(spectrum))).sum() / spectrum.sum()

    assert centroid(127) > 1.2 * centroid(25)


@pytest.mark.parametrize("voice", [Struck(decay=10.0, damping=0.0, release=0.05), Sustained(release=0.05)])
def test_the_note_ends_when_the_key_is_up(voice):
    waveform = play(voice, 60)
    held, ended = (np.square(waveform[int(t * SAMPLE_RATE) :][:1600]).mean() for t in (2.5, 3.6))
    assert held > 1e-4  # until then it sounds
    assert 0 < ended < 1e-6 * held


@pytest.mark.parametrize("num_samples", [1, 1000, 1023, 1024])
def test_damped_partials_are_the_sum_of_damped_cosines(num_samples):
    rng = np.random.default_rng(0)
    frequencies, amplitudes = rng.uniform(50, 7000, 7), rng.uniform(0.1, 1, 7)
    decays, phases = rng.uniform(0.01, 2, 7), rng.uniform(-3, 3, 7)
    found = damped_partials(
        frequencies, amplitudes, decays, phases, num_samples=num_samples, sample_rate=16_000
    )
    time = np.arange(num_samples) / 16_000
    partials = zip(frequencies, amplitudes, decays, phases, strict=True)
    expected = sum(a * np.exp(-time / d) * np.cos(2 * np.pi * f * time + p) for f, a, d, p in partials)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_a_table_of_a_sine_is_a_sine_that_grows_with_loudness():
    sine = np.sin(2 * np.pi * np.arange(512) / 512)
    tables = np.array([0.0, 1.0, 2.0])[:, None] * sine
    phase, loudness = np.linspace(-3, 40, 5000), np.linspace(0, 1, 5000)
    expected = 2 * loudness * np.sin(2 * np.pi * phase)
    bound = 2 * (2 * np.pi / 512) ** 2 / 8  # of linear interpolation between 512 points of a sine
    np.testing.assert_allclose(wavetable(tables, phase, loudness), expected, atol=1.1 * bound)
