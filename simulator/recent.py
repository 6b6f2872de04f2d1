"""The last days of the company alone: small enough to be pulled and encoded in seconds."""

from datetime import UTC, datetime, timedelta

from simulator.world import World


def recent(world: World, days: int = 21) -> World:
    """The last days of a company, small enough for a quick pull; the epics stay. Changes the world it is given."""
    since = datetime.combine(world.today, datetime.min.time(), UTC) - timedelta(days=days)
    epics = [i for i in world.issues if i.type == "Epic"]
    world.issues = epics + [i for i in world.issues if i.created >= since and i.type != "Epic"]
    roots = {m.ts for m in world.messages if m.thread is None and float(m.ts) >= since.timestamp()}
    world.messages = [m for m in world.messages if (m.thread or m.ts) in roots]
    world.records = [r for r in world.records if r.created >= since]
    kept = {(r.type, r.id) for r in world.records}
    world.records = [r for r in world.records if all(link in kept for link in r.links)]
    return world
