"""Answers to questions from what was indexed, each sentence traceable to its place on a page."""
