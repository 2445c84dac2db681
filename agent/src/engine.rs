//! Docker Engine and Swarm: networks, services, tasks, logs.
