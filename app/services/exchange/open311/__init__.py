"""Open311 GeoReport v2 over the tickets: services, requests, updates, as the public or a client may see them.

What the specification asks stands in names and shapes here; what is public at all is decided by
`exchange.public` and by the dispatchers.
"""
