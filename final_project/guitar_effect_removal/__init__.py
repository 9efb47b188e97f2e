"""guitar_effect_removal: a guitar through effects -> which effects, and the guitar without them."""

ASSIGNMENT = "guitar_effect_removal"  # what run and model folders are marked with
