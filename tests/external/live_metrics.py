"""What Prometheus' and OpenTelemetry's own Python packages read of a run while it goes, beside its results.

    live_metrics.py PATH_TO_LOADPLAN FOLDER
"""

import http.server
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE
from prometheus_client.openmetrics.parser import text_string_to_metric_families

# The pause leaves time to scrape the final figures.
PLAN = r"""
name: 'Live "metrics" \ check'
services: { api: { demo: trading } }
http: { base_url: "${services.api.url}" }
thread_groups:
  'visitors "a"':
    users: 4
    duration: 4s
    think_time: 10ms
    steps:
      - { name: "prices \"now\" \\ here\nand there", get: /api/market-data }
      - transaction: Look
        steps:
          - { name: One price, get: /api/quotes/AAPL }
      - { name: No such price, get: /api/quotes/NONE }
teardown:
  - pause: 2s
thresholds: [error_rate < 50%]
"""
HOSTILE = 'prices "now" \\ here\nand there'

loadplan, work = sys.argv[1:]
messages = []


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.path == "/v1/metrics" and self.headers["Content-Type"] == "application/x-protobuf"
        messages.append(ExportMetricsServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"]))))
        body = ExportMetricsServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=collector.serve_forever, daemon=True).start()
with open(f"{work}/live.yaml", "w") as file:
    file.write(PLAN)
run = subprocess.Popen(
    [loadplan, "run", f"{work}/live.yaml", "--out", f"{work}/live", "--quiet", "--prometheus=127.0.0.1:0"]
    + ["--otlp", f"http://127.0.0.1:{collector.server_port}"],
    stderr=subprocess.PIPE,
    text=True,
    env={**os.environ, "OTEL_METRIC_EXPORT_INTERVAL": "1000"},
)
url = run.stderr.readline().removeprefix("metrics: ").strip()
scrapes = []
while True:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            scrapes.append(answer.read().decode())
    except OSError:
        break
    time.sleep(0.2)
assert run.wait() == 0, run.stderr.read()
results = json.load(open(f"{work}/live/results.json"))
expected = {line["label"]: (line["count"], line["failed"]) for line in results["samplers"]}
assert HOSTILE in expected

# The parser refuses what OpenMetrics does: units, suffixes, orders and buckets that do not fit.
families = [{family.name: family for family in text_string_to_metric_families(text)} for text in scrapes][-1]


def by_sampler(name):
    return {sample.labels["sampler"]: int(sample.value) for sample in families[name].samples}


requests, failed = by_sampler("loadplan_requests"), by_sampler("loadplan_requests_failed")
assert {label: (requests[label], failed[label]) for label in requests} == expected, (requests, expected)
times = families["loadplan_response_time_seconds"]
assert times.type == "histogram" and times.unit == "seconds"
assert families["loadplan_received_bytes"].unit == "bytes"
assert families["loadplan_run"].samples[0].labels["run_id"] == results["run"]["id"]

metrics = {metric.name: metric for metric in messages[-1].resource_metrics[0].scope_metrics[0].metrics}
sums = metrics["loadplan.requests"].sum
assert sums.is_monotonic and sums.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
sent = {
    attribute.value.string_value: point.as_int
    for point in sums.data_points
    for attribute in point.attributes
    if attribute.key == "sampler"
}
assert sent == requests, (sent, requests)
for point in metrics["loadplan.response_time"].histogram.data_points:
    assert sum(point.bucket_counts) == point.count and len(point.explicit_bounds) + 1 == len(point.bucket_counts)
total = results["totals"]["count"]
assert total == sum(requests.values()) and len(messages) >= 4
print(f"{total} requests, counted alike in {len(scrapes)} scrapes, {len(messages)} OTLP messages and results.json")
