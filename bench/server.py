"""The server under test, served as `wangge serve` does: `python -m bench.server PORT PROCESSES`.

What its processes serve stands in `application`, which the one that starts them does not import.
"""

import sys

from app.config import Settings
from app.runtime import serving

CONSTANT = "/bench/constant"
# Where bodies may be as long as a photo.
PLAIN = "/v1/uploads/plain"

if __name__ == "__main__":
    serving.FACTORY = "bench.application:application"
    serving.serve(Settings(port=int(sys.argv[1]), workers=int(sys.argv[2])))
