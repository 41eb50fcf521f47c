"""The wing of the phone: what it needs to work without a network and to lose nothing."""
