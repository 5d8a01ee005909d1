"""Papers drawn in characters, one a file: what they say, then how they look."""
