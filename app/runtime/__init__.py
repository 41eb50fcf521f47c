"""How the program runs: databases, provisioning, serving, generated files, and what a failure says."""
