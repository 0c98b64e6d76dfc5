"""`scripts/chaos`: a large firm in rough weather, its connectors killed all the time; nothing lost, nothing twice."""
