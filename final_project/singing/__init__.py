"""Singing: lyrics and notes -> a voice or a choir; and a beautifier for recordings."""

ASSIGNMENT = "singing"  # what run and model folders are marked with
