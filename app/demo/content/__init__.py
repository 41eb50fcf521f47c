"""What the demo town says: names, addresses, complaints and areas in Chinese, the same for the same seed.

Everything here is synthetic except the names and codes of the areas. Nothing here knows a database;
the loader asks for values and stores them.
"""
