"""The scenarios, in the order in which all of them are run."""

from tests.chaos.scenarios import broker, children, cluster, disk, everything, frontend, poison, workers

FULL = {
    one.name: one
    for one in (
        workers.WORKERS,
        children.CHILDREN,
        frontend.FRONTEND,
        broker.BROKER,
        cluster.CLUSTER,
        disk.DISK,
        poison.POISON,
        everything.EVERYTHING,
    )
}
SHORT = {
    one.name: one
    for one in (
        workers.SHORT,
        children.SHORT,
        frontend.SHORT,
        broker.SHORT,
        cluster.SHORT,
        disk.SHORT,
        poison.SHORT,
        everything.SHORT,
    )
}
