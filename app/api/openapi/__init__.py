"""The contract: the OpenAPI document as integrators get it.

The framework tells what the signatures say; here is added what follows from what a route is: its refusals,
its headers, where its answer leads, and an example of everything that goes in and comes out. Nothing here
runs while requests are served: the document is a file (`docs/openapi.json`).
"""
