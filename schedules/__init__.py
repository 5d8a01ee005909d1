"""When work is done: what the sensors and schedules decide, and the Dagster shells around it."""
