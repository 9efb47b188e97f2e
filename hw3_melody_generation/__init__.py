"""HW3: lyrics -> a melody that fits them, syllable by syllable."""

ASSIGNMENT = "hw3_melody_generation"  # what run and model folders are marked with
