"""The phone: sync, uploads that go on, to-do and messages; to work without a network and to lose nothing."""
