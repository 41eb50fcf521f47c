"""Webhooks: news of tickets to third parties, as Standard Webhooks 1.0 says.

A client subscribes an address to steps of tickets in an area (`subscriptions`); the reader of the outbox
makes a message of each step for each of them (`fanout`), and a run for each address sends them (`sending`),
signed, in the order of the ticket, again and again for three days (`schedule`). What a message says is made
when it is sent (`payloads`), of what the client may know then.
"""
