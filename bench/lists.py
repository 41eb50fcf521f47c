"""The lists that people live in, at several sizes: what PostgreSQL reads for each, and how long it takes.

The server's own statement is run again, alone, in a database of each size. It is run as often as makes
PostgreSQL settle on a plan, and prepared, as the driver does; buffers are exact, milliseconds the quickest.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core.crypto import Vault
from app.core.db import create_engine, create_sessions, transaction
from app.demo.people import Account
from app.models.enums import Role
from bench.probe import Probe, Sent, application
from bench.requests import Ask
from bench.stand import SECRET, Filled, Stand
