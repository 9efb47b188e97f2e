"""Final projects, one package each."""
