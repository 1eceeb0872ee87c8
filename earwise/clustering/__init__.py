"""Training: scaling, KMeans over a range of k, evaluation, and writing a model."""
