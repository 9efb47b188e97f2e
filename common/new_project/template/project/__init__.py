"""Project Title."""

ASSIGNMENT = "project_name"  # what run and model folders are marked with
