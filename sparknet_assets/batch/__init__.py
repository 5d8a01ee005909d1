"""A batch of documents through the stages, in worker processes. No Dagster."""
