"""What roles do on a real host when things go wrong, and whether a rerun heals it."""
