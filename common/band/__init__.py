"""A small band arranges real tunes: the scores and the stems behind mini-Slakh and mini-MUSDB18.

    tune = read_tune(catalog()[0])          # tunes: a melody with its chords, from music21's corpus
    piece = arrange(tune, instruments, rng=rng, duration=60.0)      # score, arranger: who plays what
    stems = render_stems(piece, presets, rng=rng, ...)              # presets, effects, rendering: audio

Each step is a module of its own; import from there.
"""
