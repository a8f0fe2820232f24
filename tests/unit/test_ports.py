"""Ports for servers of this machine: nobody else comes upon them before their server listens."""

import socket
from pathlib import Path

from streams.up.processes import free_port, is_free


def test_a_free_port_is_one_that_the_kernel_gives_to_no_client_and_is_named_once() -> None:
    clients_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = [free_port() for _ in range(50)]
    assert max(ports) < clients_from
    assert len(set(ports)) == len(ports)


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    named = free_port()
    # Others of this machine may listen right behind it.
    behind = next(port for port in range(named + 1, named + 50) if is_free(port))
    with socket.create_server(("127.0.0.1", behind)) as server:
        taken = server.getsockname()[1]
        assert taken not in {free_port() for _ in range(60)}
