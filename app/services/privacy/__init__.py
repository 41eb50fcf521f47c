"""The privacy wing: what reaches into every other wing on behalf of the people whose data it is."""
