"""Measures the budgets of the pipeline; README.md says what each figure means."""
