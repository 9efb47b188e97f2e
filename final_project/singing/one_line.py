"""Which recordings the beautifier refuses: silence, noise, and several voices at once."""

from __future__ import annotations

from common.cli import UserError
from common.singing.world import FRAME
from final_project.singing.tracking import PitchTrack

SILENCE = -60.0  # dB of full scale, of the loudest frame
LEAST_VOICE = 0.2  # seconds of it
# Of the sound, by amplitude: synthetic voices and a trumpet have .91, bands and orchestras .15 to .71.
LEAST_PITCHED, ONE_LINE = 0.25, 0.76


def check_one_line(track: PitchTrack) -> None:
    """Errors: UserError for what holds no line, or more than one."""
    if track.level.max() < SILENCE:
        raise UserError(f"silent, at most {track.level.max():.0f} dB; record it louder")
    pitched = share_of_sound(track, track.voiced)
    if track.voiced.sum() * FRAME < LEAST_VOICE or pitched < LEAST_PITCHED:
        raise UserError(
            f"only {pitched:.0%} of the sound has one pitch: noise, or several voices;"
            " give a recording of one sung line"
        )
    explained = share_of_sound(track, track.voiced * track.explained)
    if explained < ONE_LINE:
        raise UserError(
            f"only {explained:.0%} of the sound is one pitch at a time: several voices or instruments;"
            " give a recording of one sung line"
        )


def share_of_sound(track: PitchTrack, weight) -> float:
    """The mean of `weight` (frames,) over all that sounds, by amplitude."""
    amplitude = 10 ** (track.level / 20) * track.sounding
    return float((amplitude * weight).sum() / max(amplitude.sum(), 1e-12))
