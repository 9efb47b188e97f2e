"""muse2bach: a melody, or any voices -> a chorale in four parts."""

ASSIGNMENT = "muse2bach"  # what run and model folders are marked with
