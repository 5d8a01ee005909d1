"""Documents of an invented ferry operator, made by the project itself: demo, tests, benchmarks."""
