"""The subprocess engines: the only place that knows their command lines."""
