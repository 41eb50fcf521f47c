"""One resource a file: who may call, what enters, what leaves; one service call, one reply."""

from app.routers import health

ROUTERS = (health.router,)
