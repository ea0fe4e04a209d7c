"""An npm registry on loopback that serves a folder of packages, and notes what was fetched."""

import base64
import hashlib
import http.server
import json
import pathlib
import tarfile
import threading
import urllib.parse


class Registry:
    """Serves `*.tgz` of a folder until it is closed."""

    def __init__(self, folder):
        self.fetched = []
        self.packages = {}
        for path in pathlib.Path(folder).glob("*.tgz"):
            with tarfile.open(path) as tar:
                package = json.load(tar.extractfile("package/package.json"))
            self.packages[package["name"]] = (package, path)
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, kind, content = registry.answer(urllib.parse.unquote(self.path.split("?")[0]))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        if path.startswith("/tarballs/"):
            for package, file in self.packages.values():
                if path == f"/tarballs/{file.name}":
                    self.fetched.append(package["name"])
                    return 200, "application/octet-stream", file.read_bytes()
        elif path[1:] in self.packages:
            package, file = self.packages[path[1:]]
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
            dist = {"tarball": f"{self.url}tarballs/{file.name}", "integrity": integrity}
            version = package["version"]
            document = {"name": package["name"], "dist-tags": {"latest": version}, "versions": {version: package | {"dist": dist}}}
            return 200, "application/json", json.dumps(document).encode()
        return 404, "application/json", b'{"error":"Not found"}'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()

    def environment(self, folder):
        """What makes npm use this registry, and nothing that this machine has cached or configured."""
        settings = {"registry": self.url, "cache": f"{folder}/npm-cache", "userconfig": f"{folder}/npmrc"}
        settings |= {"update_notifier": "false", "audit": "false", "fund": "false"}
        return {f"npm_config_{name}": value for name, value in settings.items()}
