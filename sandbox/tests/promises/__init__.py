"""What the sandbox refuses as the services do, each broken on purpose (`scripts/promises`, at the root)."""
