"""HW2: a song (MUSDB18-HQ) -> vocals and accompaniment, or its four stems."""

ASSIGNMENT = "hw2_source_separation"  # what run and model folders are marked with
