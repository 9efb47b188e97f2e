"""The synthesizer is held to pitch, to silence and to repeating itself."""

import os
import subprocess
import sys

import numpy as np
import pytest

from common.synthesis import (
    Note,
    Part,
    SynthesisError,
    Synthesizer,
    default_soundfont,
    find_soundfonts,
    library,
)
from common.synthesis.score import without_overlap

RATE = 44100
A4 = 69
# One of each kind, by General MIDI number. Not the church organ, which sounds an octave lower too, nor the
# accordion and the harmonica, which this soundfont detunes on purpose.
PROGRAMS = {
    "piano": 0,
    "reed organ": 20,
    "nylon guitar": 24,
    "violin": 40,
    "trumpet": 56,
    "oboe": 68,
    "flute": 73,
    "square lead": 80,
}


@pytest.fixture(scope="module")
def synthesizer():
    with Synthesizer(sample_rate=RATE) as made:
        yield made


def fundamental(waveform, *, lowest=100.0, highest=2000.0):
    """Fundamental frequency in Hz, by autocorrelation.

    The first lag that correlates almost as well as the best one is a period; the peak near eight
    periods, where a step of the lag is an eighth as wide in pitch, makes it precise.
    """
    signal = waveform.mean(axis=0)[int(0.3 * RATE) : int(0.9 * RATE)]
    power = np.abs(np.fft.rfft(signal, 2 * len(signal))) ** 2
    correlation = np.fft.irfft(power)[: len(signal)] / np.arange(len(signal), 0, -1)
    shortest, longest = int(RATE / highest), int(RATE / lowest)
    lags = np.arange(shortest, longest)
    is_peak = (correlation[lags] > correlation[lags - 1]) & (correlation[lags] >= correlation[lags + 1])
    period = lags[is_peak & (correlation[lags] > 0.9 * correlation[lags].max())][0]
    around = np.arange(8 * period - period // 4, 8 * period + period // 4)
    lag = around[np.argmax(correlation[around])]
    before, at, after = correlation[lag - 1 : lag + 2]
    return RATE * 8 / (lag + 0.5 * (before - after) / (before - 2 * at + after))


def cents(frequency, reference):
    return 1200 * np.log2(frequency / reference)


def a4(synthesizer, *, program=40, velocity=100, **options):
    return synthesizer.render([Note(A4, 0.0, 1.0, velocity)], program=program, **options)


@pytest.mark.parametrize("frequency", [220.0, 440.0, 453.1, 880.0])
def test_the_estimator_of_pitch_knows_a_tone(frequency):
    times = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * k * frequency * times + k) / k for k in range(1, 6))
    assert abs(cents(fundamental(tone[None]), frequency)) < 0.5


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a4_is_440_hertz(synthesizer, program):
    assert abs(cents(fundamental(a4(synthesizer, program=program)), 440.0)) < 20


@pytest.mark.parametrize("pitch", [45, 57, 81])
def test_other_octaves_are_in_tune(synthesizer, pitch):
    waveform = synthesizer.render([Note(pitch, 0.0, 1.0)], program=PROGRAMS["reed organ"])
    assert abs(cents(fundamental(waveform, lowest=60.0), 440.0 * 2 ** ((pitch - A4) / 12))) < 20


@pytest.mark.parametrize("name", ["reed organ", "violin", "oboe", "square lead"])
def test_a_chord_is_where_it_belongs(synthesizer, name):
    chord = [60, 64, 67]  # C E G
    waveform = synthesizer.render([Note(pitch, 0.0, 2.0) for pitch in chord], program=PROGRAMS[name])
    signal = waveform.mean(axis=0)[RATE // 2 : 2 * RATE]
    magnitude = np.abs(np.fft.rfft(signal * np.hanning(len(signal))))
    frequencies = np.fft.rfftfreq(len(signal), 1 / RATE)
    level = {}
    for pitch in range(60, 72):
        center = 440.0 * 2 ** ((pitch - A4) / 12)
        level[pitch] = magnitude[np.abs(cents(np.maximum(frequencies, 1), center)) < 25].max()
    assert sorted(sorted(level, key=level.get)[-3:]) == chord
    others = max(level[pitch] for pitch in level if pitch not in chord)
    assert min(level[pitch] for pitch in chord) > 10 * others


@pytest.mark.parametrize("offset", [-150.0, -30.0, 50.0, 200.0])
def test_cents_shift_the_pitch(synthesizer, offset):
    plain = fundamental(a4(synthesizer))
    assert cents(fundamental(a4(synthesizer, cents=offset)), plain) == pytest.approx(offset, abs=3)


def test_a_bend_moves_a_note_that_sounds_already(synthesizer):
    plain, rate = a4(synthesizer), synthesizer.sample_rate
    bent = a4(synthesizer, bends=[(0.5, 200.0)])
    before, after = slice(0, round(0.49 * rate)), slice(round(0.55 * rate), round(0.95 * rate))
    assert np.array_equal(bent[:, before], plain[:, before])
    assert cents(fundamental(bent[:, after]), fundamental(plain[:, after])) == pytest.approx(200, abs=5)


@pytest.mark.parametrize("effects", [False, True])
def test_the_same_render_gives_the_same_bytes_whatever_came_between(effects):
    with Synthesizer(reverb=effects, chorus=effects) as synthesizer:
        first = a4(synthesizer, program=48)
        for program in (0, 48, 89):
            synthesizer.render([Note(40, 0.0, 9.0, 127)], program=program, duration=0.5003, cents=70, pan=0)
        again = a4(synthesizer, program=48)
    assert first.tobytes() == again.tobytes()
    with Synthesizer(reverb=effects, chorus=effects) as other:
        assert a4(other, program=48).tobytes() == first.tobytes()


def test_another_process_gives_the_same_bytes(synthesizer):
    script = (
        "import sys; from common.synthesis import Note, Synthesizer\n"
        "with Synthesizer() as s: sys.stdout.buffer.write(s.render([Note(69, 0, 1)], program=40).tobytes())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout == a4(synthesizer).tobytes()
    assert done.stderr == b""


def test_no_note_leaks_into_the_next_render(synthesizer):
    synthesizer.render([Note(60, 0.0, 60.0, 127)], program=19, duration=0.5)
    assert not synthesizer.render([], program=19, duration=1.0).any()


def test_no_notes_are_silence(synthesizer):
    assert synthesizer.render([], program=0, duration=0.5).shape == (2, RATE // 2)
    assert synthesizer.render([], program=0, tail=0.0).shape == (2, 0)
    assert synthesizer.render_parts([], duration=0.25).shape == (2, RATE // 4)


@pytest.mark.parametrize("sample_rate", [16000, 22050, 44100, 48000])
def test_shape_length_and_range(sample_rate):
    with Synthesizer(sample_rate=sample_rate) as synthesizer:
        exact = a4(synthesizer, duration=1.2345)
        assert exact.shape == (2, round(1.2345 * sample_rate))
        assert exact.dtype == np.float32
        assert a4(synthesizer, tail=0.5).shape == (2, round(1.5 * sample_rate))
        assert 0.02 < np.abs(exact).max() < 1


def test_notes_begin_and_end_when_they_say(synthesizer):
    waveform = synthesizer.render([Note(A4, 0.5, 0.5)], program=16, duration=2.0)
    sounding = np.flatnonzero(np.abs(waveform).max(axis=0) > 0.01 * np.abs(waveform).max())
    assert sounding[0] / RATE == pytest.approx(0.5, abs=0.01)
    assert sounding[-1] / RATE == pytest.approx(1.0, abs=0.1)


def level(waveform):
    return float(np.sqrt(np.mean(np.square(waveform))))


def test_velocity_and_volume_are_louder(synthesizer):
    soft, medium, loud = (level(a4(synthesizer, velocity=velocity)) for velocity in (25, 75, 127))
    assert 1.5 * soft < medium < loud / 1.5
    assert level(a4(synthesizer, volume=50)) < 0.5 * level(a4(synthesizer, volume=100))


def test_gain_is_linear_and_nothing_clips():
    with Synthesizer(gain=0.5) as quiet, Synthesizer(gain=10.0) as loud:
        plain, amplified = a4(quiet), a4(loud)
    assert np.abs(amplified).max() > 1
    np.testing.assert_allclose(amplified, 20 * plain, atol=1e-4 * np.abs(amplified).max())


def test_pan_is_left_and_right(synthesizer):
    left = a4(synthesizer, pan=0)
    right = a4(synthesizer, pan=127)
    assert level(left[0]) > 10 * level(left[1])
    assert level(right[1]) > 10 * level(right[0])


def test_generators_change_the_sound(synthesizer):
    def spectral_centroid(waveform):
        magnitude = np.abs(np.fft.rfft(waveform[0]))
        return (magnitude * np.arange(len(magnitude))).sum() / magnitude.sum()

    def samples_to_half_of_peak(waveform):
        envelope = np.abs(waveform[0, :RATE])
        return int(np.argmax(envelope > 0.5 * envelope.max()))

    plain = a4(synthesizer)
    dark = a4(synthesizer, generators={"filter_cutoff": -4000.0})
    slow = a4(synthesizer, generators={"volume_attack": 4800.0})  # 16 times as long
    long = a4(synthesizer, generators={"volume_release": 3600.0}, tail=1.0)
    assert spectral_centroid(dark) < 0.7 * spectral_centroid(plain)
    assert samples_to_half_of_peak(slow) > 2 * samples_to_half_of_peak(plain)
    assert level(long[:, -RATE // 2 :]) > 2 * level(plain[:, -RATE // 2 :])
    assert a4(synthesizer).tobytes() == plain.tobytes()


def test_parts_play_together_drums_too(synthesizer):
    melody = Part(40, [Note(A4, 0.0, 1.0)], pan=0)
    drums = Part(0, [Note(38, 0.0, 0.2), Note(38, 0.5, 0.2)], bank=128, volume=110, pan=127)
    together = synthesizer.render_parts([melody, drums], duration=1.5)
    alone = [synthesizer.render_parts([part], duration=1.5) for part in (melody, drums)]
    np.testing.assert_allclose(together, alone[0] + alone[1], atol=1e-5)
    assert level(alone[1]) > 0.01
    melodic = synthesizer.render_parts([Part(0, drums.notes, volume=110, pan=127)], duration=1.5)
    assert np.abs(melodic - alone[1]).max() > 0.05


def test_many_parts_and_one_too_many(synthesizer):
    parts = [Part(program, [Note(A4, 0.0, 0.1)]) for program in range(48)]
    assert synthesizer.render_parts(parts, duration=0.2).any()
    with pytest.raises(ValueError, match="at most 48 parts can be rendered together, got 49"):
        synthesizer.render_parts([*parts, parts[0]])


def test_overlapping_notes_of_one_pitch():
    def at(*spans):
        return without_overlap([Note(60, start, end - start) for start, end in spans], steps_per_second=10)

    assert at((0, 1), (2, 3)) == [(0, 10, 60, 100), (20, 30, 60, 100)]
    assert at((0, 2.5), (2, 3)) == [(0, 20, 60, 100), (20, 30, 60, 100)]  # cut at the next onset
    assert at((0, 1), (0, 3)) == [(0, 30, 60, 100)]  # the longer of two that begin together
    assert at((0, 0.001)) == [(0, 1, 60, 100)]
    assert at() == []
    other = without_overlap([Note(60, 0, 2), Note(62, 1, 2)], steps_per_second=10)
    assert other == [(0, 20, 60, 100), (10, 30, 62, 100)]


def test_the_end_of_a_note_does_not_silence_a_later_one(synthesizer):
    waveform = synthesizer.render([Note(A4, 0.0, 0.6), Note(A4, 0.5, 1.0)], program=16, duration=1.5)
    assert level(waveform[:, int(1.2 * RATE) : int(1.4 * RATE)]) > 0.01


def test_programs_of_the_default_soundfont(synthesizer):
    programs = synthesizer.programs()
    assert {program for bank, program, _ in programs if bank == 0} == set(range(128))
    assert [name for bank, program, name in programs if (bank, program) == (0, 40)] == ["Violin"]
    assert any(bank == 128 for bank, _, _ in programs)
    assert programs == sorted(programs) == synthesizer.programs()


def test_the_first_program_of_the_font_is_not_played_for_another(synthesizer):
    with pytest.raises(SynthesisError, match=r"TimGM6mb\.sf2: has no program 3 in bank 77; choose another"):
        synthesizer.render([Note(A4, 0.0, 1.0)], program=3, bank=77)
    assert a4(synthesizer).any()  # goes on after the error


def test_a_closed_synthesizer_says_so():
    synthesizer = Synthesizer()
    synthesizer.close()
    synthesizer.close()
    for use in (synthesizer.programs, lambda: a4(synthesizer)):
        with pytest.raises(ValueError, match="this synthesizer is closed"):
            use()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Note(128, 0.0, 1.0), r"pitch must be 0\.\.127, got 128"),
        (lambda: Note(60, 0.0, 1.0, 0), r"velocity must be 1\.\.127, got 0"),
        (lambda: Note(60, -1.0, 1.0), "start must be >= 0 seconds, got -1"),
        (lambda: Note(60, 0.0, float("nan")), "duration must be > 0 seconds, got nan"),
        (lambda: Part(0, [], pan=128), r"pan must be 0\.\.127, got 128"),
        (lambda: Part(0, [], cents=float("inf")), "cents must be finite, got inf"),
        (
            lambda: Part(0, [], bends=[(-1.0, 100.0)]),
            r"a bend must be \(second >= 0, cents\), got \(-1.0, 100.0\)",
        ),
        (
            lambda: Part(0, [], generators={"cutoff": 1.0}),
            "unknown generator 'cutoff'; known: .*filter_cutoff",
        ),
        (
            lambda: Synthesizer(sample_rate=4000),
            r"sample_rate must be 8000\.\.96000 Hz for FluidSynth, got 4000",
        ),
        (lambda: Synthesizer(gain=11.0), r"gain must be 0\.\.10 for FluidSynth, got 11"),
        (lambda: Synthesizer(interpolation="best"), "interpolation must be one of .*, got 'best'"),
    ],
)
def test_impossible_values_are_refused(make, reason):
    with pytest.raises(ValueError, match=reason):
        make()


def test_what_is_no_soundfont_is_named(tmp_path):
    text = tmp_path / "text.sf2"
    text.write_text("not a soundfont " * 100)
    wave = tmp_path / "wave.sf2"
    wave.write_bytes(b"RIFF\x24\x00\x00\x00WAVE" + bytes(100))
    cut = tmp_path / "cut.sf2"
    whole = default_soundfont().read_bytes()
    cut.write_bytes(whole[:3000])
    hollow = tmp_path / "hollow.sf2"
    hollow.write_bytes(b"RIFF\x04\x00\x00\x00sfbk")
    for path, reason in [
        (text, "not a soundfont"),
        (wave, "not a soundfont"),
        (cut, f"truncated, 3000 of {len(whole)} bytes are there"),
        (hollow, "FluidSynth cannot read this soundfont"),
        (tmp_path, "is a folder"),
        (tmp_path / "none.sf2", "no such soundfont"),
    ]:
        with pytest.raises(SynthesisError) as caught:
            Synthesizer(path)
        assert str(caught.value).startswith(f"{path}: {reason}")


def test_a_soundfont_may_lie_under_any_name(tmp_path, synthesizer):
    path = tmp_path / "Klänge é 音.sf2"
    path.symlink_to(default_soundfont())
    with Synthesizer(path) as other:
        assert a4(other).tobytes() == a4(synthesizer).tobytes()


def test_fluidsynth_is_silent_and_so_is_pyfluidsynth():
    # the note is below the keys of the kit, which FluidSynth logs; where CI is set pyfluidsynth prints
    script = (
        "from common.synthesis import Note, Synthesizer\n"
        "with Synthesizer() as s: s.render([Note(0, 0, 1), Note(60, 0, 1)], program=0, bank=128)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"CI": "true"},
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.fixture
def without_fluidsynth(monkeypatch):
    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)


def test_a_missing_library_says_what_to_install(monkeypatch, without_fluidsynth):
    monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
    monkeypatch.delenv("HOMEBREW_PREFIX", raising=False)
    with pytest.raises(SynthesisError) as caught:
        Synthesizer()
    assert "sudo apt-get install libfluidsynth3" in str(caught.value)
    assert "brew install fluid-synth" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_binding_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    monkeypatch.setattr(library.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SynthesisError, match="pyfluidsynth is not installed; pip install"):
        library.load_fluidsynth()


def test_find_soundfonts_looks_into_folders(tmp_path):
    for name in ("b.sf2", "a.SF3", "c.txt"):
        (tmp_path / name).touch()
    (tmp_path / "again.sf2").symlink_to(tmp_path / "b.sf2")
    (tmp_path / "folder.sf2").mkdir()
    found = find_soundfonts([tmp_path, tmp_path / "missing"])
    assert [path.name for path in found] == ["a.SF3", "again.sf2"]
