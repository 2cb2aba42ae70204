"""The command that serves the state of the cache as metrics for Prometheus."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bnviz.cli.errors import fail
from bnviz.runs.health import health
from bnviz.runs.store import Store

PORT = 9464
HIGHEST_PORT = 65_535


class OfTheCache(Collector):
    """Reads the cache whenever Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, whose names begin with bnviz_."""
        now = health(Store())
        runs = GaugeMetricFamily("bnviz_runs", "Runs in the cache by state.", labels=["state"])
        for state, count in now.runs.items():
            runs.add_metric([state], count)
        yield runs
        for name, says, value in (
            ("bnviz_computing_seconds", "Seconds of computing of all runs.", now.seconds),
            ("bnviz_rows", "Rows that the runs have measured.", now.rows),
        ):
            yield CounterMetricFamily(name, says, value=value)
        for name, says, value in (
            ("bnviz_disk_bytes", "Bytes of all runs on the disk.", now.bytes),
            ("bnviz_disk_free_bytes", "Free bytes on the disk of the cache.", now.free_bytes),
            ("bnviz_supervisor_up", "1 while a supervisor is running.", now.supervisor),
            ("bnviz_trouble", "1 while runs cannot start or continue.", bool(now.trouble)),
        ):
            yield GaugeMetricFamily(name, says, value=float(value))


def metrics(options: argparse.Namespace) -> None:
    """Serve the state of the cache for Prometheus, at a port of its own."""
    if not 1 <= options.port <= HIGHEST_PORT:
        fail(f"--port takes a number from 1 to {HIGHEST_PORT:,}, got {options.port}")
    registry = CollectorRegistry()
    registry.register(OfTheCache())
    server, _ = start_http_server(options.port, options.address, registry)
    print(f"http://{options.address}:{options.port}/metrics", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        server.shutdown()


def metrics_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--port", type=int, default=PORT, help=f"by default {PORT}")
    text = "the address to listen at; by default only this machine can ask"
    command.add_argument("--address", default="127.0.0.1", help=text)
