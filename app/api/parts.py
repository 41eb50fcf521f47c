"""The application's parts as dependencies: settings, sessions, files, keyring (the vault is `vault`'s).

They are made once in `create_app`; services get them as arguments and never look for them.
"""

from typing import Annotated

from fastapi import Depends, Request

from app.config import Settings
from app.core import db
from app.core.files import FileStore
from app.services.access import keyring


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _sessions(request: Request) -> db.Sessions:
    sessions: db.Sessions = request.app.state.sessions
    return sessions


def _files(request: Request) -> FileStore:
    files: FileStore = request.app.state.files
    return files


def _keyring(request: Request) -> keyring.Keyring:
    found: keyring.Keyring = request.app.state.keyring
    return found


Configured = Annotated[Settings, Depends(_settings)]
Opener = Annotated[db.Sessions, Depends(_sessions)]
Files = Annotated[FileStore, Depends(_files)]
Keyring = Annotated[keyring.Keyring, Depends(_keyring)]
