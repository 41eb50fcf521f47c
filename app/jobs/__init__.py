"""What the worker process runs; as thin as a router."""
