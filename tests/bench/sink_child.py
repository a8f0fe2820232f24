"""The sink's bench as a child process, which answers with one line."""

import json

from tests.bench.sink import run

if __name__ == "__main__":
    print(json.dumps([run()]), flush=True)
