"""HW1: a mix (Slakh) -> which of 9 instrument classes play in every 5 seconds."""

ASSIGNMENT = "hw1_instrument_detection"  # what run and model folders are marked with
