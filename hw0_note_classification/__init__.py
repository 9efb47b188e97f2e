"""HW0: one note (NSynth) -> one of 11 instrument families."""

ASSIGNMENT = "hw0_note_classification"  # what run and model folders are marked with
