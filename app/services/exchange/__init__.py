"""The exchange wing: spreadsheets in and out, as jobs; nothing is written before somebody confirms."""
