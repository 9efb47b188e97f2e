"""What may be wrong with a recording and its labels, or with a song, that readers let pass."""

from __future__ import annotations

from itertools import pairwise

from common.audio import AudioError
from common.audio_checks import is_silent
from common.problems import Problems
from common.singing import SingingError
from final_project.singing.models import SAMPLE_RATE
from final_project.singing.spoken import Recording
from final_project.singing.sung_songs import SungSong


def check_recording(recording: Recording, problems: Problems) -> None:
    """Broken, silent, labels beyond its end or over each other: added to `problems`."""
    try:
        waveform = recording.waveform()
    except AudioError:
        problems.add("recording broken", recording.path.name)
        return
    if is_silent(waveform):
        problems.add("recording silent", recording.path.name)
    if recording.vowels[-1].end > len(waveform) / SAMPLE_RATE + 1e-3:
        problems.add("vowel behind the end of its recording", recording.path.name)
    if any(after.start < before.end - 1e-3 for before, after in pairwise(recording.vowels)):
        problems.add("vowels over each other", recording.path.name)


def check_song(song: SungSong, problems: Problems) -> None:
    """A song that cannot be sung: added to `problems`."""
    try:
        song.plan()
    except SingingError as error:
        problems.add(f"song that cannot be sung ({error})", song.name)
