"""From a stored original to pages: what a file is, and how each of its pages is reached."""
