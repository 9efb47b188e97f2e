"""How guitar_effect_removal is handed in, and three guitars with effects that everybody may hear."""

from __future__ import annotations

from pathlib import Path

from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="guitar_effect_removal",
    package="final_project.guitar_effect_removal",
    title="Guitar effect removal",
    inference=("{inputs}", "--out", "{out}", "--json"),
    takes="audio files of a guitar with effects, or a folder of them",
    output="OUT/NAME_dry.wav for each recording, and a JSON list on standard output",
    headlines=(
        Headline("mr_stft", "MR-STFT distance to the dry guitar, lower is better", "input_mr_stft"),
        Headline("dry_mr_stft", "the same of a guitar without effects, which is to be left alone"),
    ),
    builds_on=("hw1_instrument_detection", "hw2_source_separation"),  # detector and remover are theirs
)

SECONDS = 5.0
SEED = 7
# Name: what is played, and what it goes through. Both effects are our own code: pedalboard is not needed.
EXAMPLES = {
    "riff_overdrive": ("riff", "overdrive:20"),
    "solo_amp": ("solo", "amp:24"),
    "picking_amp": ("picking", "amp:6"),
}


def examples(folder: Path) -> list[Path]:
    """Three guitars with effects, written into `folder` as NAME.wav. Errors: SynthesisError."""
    import numpy as np

    from common import audio
    from final_project.guitar_effect_removal.effects import apply_chain, parse_chain
    from final_project.guitar_effect_removal.guitars import SAMPLE_RATE, Guitars, draw_guitarist
    from final_project.guitar_effect_removal.maker import within
    from final_project.guitar_effect_removal.phrases import draw_phrase

    paths = []
    with Guitars() as guitars:
        for number, (name, (kind, chain)) in enumerate(EXAMPLES.items()):
            rng = np.random.default_rng([SEED, number])
            guitarist, phrase = draw_guitarist("test", rng), draw_phrase(kind, rng, seconds=SECONDS)
            dry = guitars.play(guitarist, phrase, seconds=SECONDS)
            wet = within(apply_chain(dry, parse_chain(chain), sample_rate=SAMPLE_RATE))
            paths.append(audio.write(folder / f"{name}.wav", wet[None], sample_rate=SAMPLE_RATE))
    return paths
