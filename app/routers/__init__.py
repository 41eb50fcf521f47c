"""One resource a file: who may call, what enters, what leaves; one service call, one reply."""

from app.routers import (
    accounts,
    areas,
    auth,
    categories,
    clients,
    grids,
    health,
    households,
    jwks,
    members,
    orgs,
    posts,
    stats,
    tickets,
    workflow,
)

ROUTERS = (
    accounts.router,
    areas.router,
    auth.router,
    categories.router,
    clients.router,
    grids.router,
    health.router,
    households.router,
    jwks.router,
    members.router,
    orgs.router,
    posts.router,
    stats.router,
    tickets.router,
    workflow.router,
)
