"""What the players of the band do in a bar: one module for each kind of playing."""
