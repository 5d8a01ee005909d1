"""How well a deployment reads, finds and answers, by questions and truths of its user."""
