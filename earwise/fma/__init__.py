"""The Free Music Archive's data sets for music analysis: downloading one, and what its tracks are called."""
