"""`scripts/bench`: this project and what users would pick instead, on the same data from the same state."""
