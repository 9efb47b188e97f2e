"""What at least two assignments share: audio, features, metrics, training, run folders."""
