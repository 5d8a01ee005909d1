"""From a page to its text: which layer to believe, in which order to read, where tables are."""
