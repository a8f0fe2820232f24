"""Ports for servers of this machine: nobody else comes upon them before their server listens."""

import socket
from pathlib import Path

from streams.up.processes import free_port


def test_a_free_port_is_one_that_the_kernel_gives_to_no_client_and_is_named_once() -> None:
    clients_from = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = [free_port() for _ in range(50)]
    assert max(ports) < clients_from
    assert len(set(ports)) == len(ports)


def test_a_port_that_somebody_listens_on_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", free_port() + 1)) as server:
        taken = server.getsockname()[1]
        assert taken not in {free_port() for _ in range(5)}
