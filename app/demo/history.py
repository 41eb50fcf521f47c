"""A year of tickets for the towns that a demo has: how many where, when reported, in batches for COPY.

Bounded memory: a town's people are read when its turn comes, and rows leave in batches. Numbers follow the
moments of reporting over all towns, as if they had been drawn from the sequence one after the other.
"""

from array import array
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
from asyncpg import Connection

from app.core import clock
from app.core.clock import BUSINESS_ZONE
from app.demo import cast
from app.demo.case import Case
from app.demo.cast import Grid, Town
from app.demo.content import complaints
from app.demo.content.complaints import TicketText
from app.demo.content.grids import point_in
from app.demo.content.tables import chance, pick, seeded
from app.demo.fates import fates
from app.demo.lives import Life
from app.demo.office import Office, instant, moments
from app.demo.sheets import Person, Sheets
from app.demo.ticket_rows import ContactRecord, TicketRecord
