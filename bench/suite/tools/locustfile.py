"""BENCH_MODE: get, login, think (1 s after each request) or pace (BENCH_PACE requests/s for each user)."""

import os

from locust import FastHttpUser, constant, constant_throughput, task

MODE = os.environ["BENCH_MODE"]


class Waiting(FastHttpUser):
    """How long a user waits after a request."""

    abstract = True
    wait_time = (
        constant_throughput(float(os.environ["BENCH_PACE"]))
        if MODE == "pace"
        else constant(1 if MODE == "think" else 0)
    )


if MODE == "login":

    class Trader(Waiting):
        """Logs in once, then asks with the token."""

        def on_start(self):
            answer = self.client.post("/api/auth/login", json={"username": "u", "password": "p"})
            self.bearer = {"Authorization": "Bearer " + answer.json()["token"]}

        def ask(self, path):
            with self.client.get(path, headers=self.bearer, catch_response=True) as answer:
                if answer.status_code != 200:
                    answer.failure(f"status {answer.status_code}")

        @task(3)
        def market(self):
            self.ask("/api/market-data")

        @task(1)
        def portfolio(self):
            self.ask("/api/portfolio")

else:

    class Watcher(Waiting):
        """Asks for one thing."""

        @task
        def market(self):
            self.client.get("/api/market-data")
