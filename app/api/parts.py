"""The application's parts as dependencies: settings, sessions, files, keyring (the vault is `vault`'s).

They are made once in `create_app`; services get them as arguments and never look for them. All are
asynchronous: a plain function FastAPI sends to a thread and waits for it, which costs more than the work.
"""

from typing import Annotated

from fastapi import Depends, Request

from app.config import Settings
from app.core import db
from app.core.files import FileStore
from app.services.access import keyring


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _sessions(request: Request) -> db.Sessions:
    sessions: db.Sessions = request.app.state.sessions
    return sessions


async def _files(request: Request) -> FileStore:
    files: FileStore = request.app.state.files
    return files


async def _keyring(request: Request) -> keyring.Keyring:
    found: keyring.Keyring = request.app.state.keyring
    return found


Configured = Annotated[Settings, Depends(_settings)]
Opener = Annotated[db.Sessions, Depends(_sessions)]
Files = Annotated[FileStore, Depends(_files)]
Keyring = Annotated[keyring.Keyring, Depends(_keyring)]
