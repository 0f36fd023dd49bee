"""Commands on a user's own micrographs."""
