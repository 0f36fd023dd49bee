"""Commands that score models on datasets, and set results beside each other."""
