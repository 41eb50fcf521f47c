"""Wire shapes, as Pydantic models."""
