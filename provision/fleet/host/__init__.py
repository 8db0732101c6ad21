"""Looking at a host: one read-only script, one round trip, typed on the way back."""
